import type { Migration, SchemaFacts } from './all.ts'

const daySeconds = 86_400
/** Deletions must reach a node that was away before they are forgotten: repair within ten days. */
const graceSeconds = 10 * daySeconds
/** Where a deletion that comes back does no harm; not below the three hours for which hints are kept. */
const shortGraceSeconds = 10_800

/** About thirty windows in the life of a row; a table file whose rows have all expired is dropped whole. */
const expiring = ({ ttlDays }: SchemaFacts, grace = graceSeconds) =>
  `default_time_to_live = ${ttlDays * daySeconds} AND gc_grace_seconds = ${grace} AND compaction = {` +
  `'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': 'DAYS', ` +
  `'compaction_window_size': ${Math.max(1, Math.ceil(ttlDays / 30))}}`

/** Small rows that are written over again and again and read one at a time. */
const overwritten = `compaction = {'class': 'LeveledCompactionStrategy'} AND gc_grace_seconds = ${graceSeconds}`

export const activityStream: Migration = {
  number: 1,
  name: 'activity stream',
  statements: (facts) => [
    `CREATE TABLE IF NOT EXISTS groups (
      user_id text, month int, group_id text,
      applied bigint, seq bigint, unread_seq bigint, event_type text, visible boolean, data text, pending text,
      PRIMARY KEY ((user_id, month), group_id)
    ) WITH ${expiring(facts)}`,

    // The tables by user share their partition key, so that a flush writes to all of them in one mutation.
    `CREATE TABLE IF NOT EXISTS user_months (
      user_id text, month int, PRIMARY KEY (user_id, month)
    ) WITH CLUSTERING ORDER BY (month DESC) AND ${expiring(facts)}`,
    `CREATE TABLE IF NOT EXISTS group_keys (
      user_id text, key text, group_id text, PRIMARY KEY (user_id, key, group_id)
    ) WITH ${expiring(facts)}`,
    `CREATE TABLE IF NOT EXISTS changes (
      user_id text, seq bigint, group_id text, forgotten bigint static, PRIMARY KEY (user_id, seq, group_id)
    ) WITH ${expiring(facts, shortGraceSeconds)}`,

    // A head must not go back, so it does not expire.
    `CREATE TABLE IF NOT EXISTS heads (user_id text PRIMARY KEY, head bigint) WITH ${overwritten}`,

    `CREATE TABLE IF NOT EXISTS members (
      user_id text, group_id text, actor text, data text, PRIMARY KEY ((user_id, group_id), actor)
    ) WITH ${expiring(facts)}`,
    `CREATE TABLE IF NOT EXISTS member_chunks (
      user_id text, group_id text, part tinyint, block bigint, name text, data text,
      PRIMARY KEY ((user_id, group_id), part, block, name)
    ) WITH CLUSTERING ORDER BY (part ASC, block DESC, name ASC) AND ${expiring(facts)}`,
    `CREATE TABLE IF NOT EXISTS actor_groups (
      actor_hash text, day int, groups set<text>, PRIMARY KEY (actor_hash, day)
    ) WITH ${expiring(facts)}`,

    `CREATE TABLE IF NOT EXISTS marks (
      user_id text, group_id text,
      read_up_to bigint, read_seq bigint, seen_up_to bigint, seen_seq bigint, deleted_up_to bigint, deleted_seq bigint,
      PRIMARY KEY (user_id, group_id)
    ) WITH default_time_to_live = ${facts.ttlDays * daySeconds} AND ${overwritten}`,

    `CREATE TABLE IF NOT EXISTS object_groups (
      object_type text, object_id text, bucket smallint, user_id text, group_id text,
      PRIMARY KEY ((object_type, object_id, bucket), user_id, group_id)
    ) WITH ${expiring(facts)}`,
    `CREATE TABLE IF NOT EXISTS tombstones (
      object_type text, object_id text, deleted_at bigint, PRIMARY KEY ((object_type, object_id), deleted_at)
    ) WITH CLUSTERING ORDER BY (deleted_at DESC) AND ${expiring(facts)}`,
    `CREATE TABLE IF NOT EXISTS tombstone_days (
      whole tinyint, day int, PRIMARY KEY (whole, day)
    ) WITH CLUSTERING ORDER BY (day DESC) AND ${expiring(facts)}`,
    `CREATE TABLE IF NOT EXISTS tombstones_of_day (
      day int, deleted_at bigint, object_type text, object_id text, PRIMARY KEY (day, deleted_at, object_type, object_id)
    ) WITH CLUSTERING ORDER BY (deleted_at DESC, object_type ASC, object_id ASC) AND ${expiring(facts)}`,
  ],
}
