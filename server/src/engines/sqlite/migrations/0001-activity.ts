/**
 * The tables of the activity stream. Tables are WITHOUT ROWID where one range scan by the primary key is what they are
 * read by; the log has a rowid because its values are long and come in order.
 *
 * What a write costs is the pages that it touches, each of which goes to the write-ahead log and then to its place. So
 * keys begin with what is written together, and indexes are on columns that seldom or never change.
 */
export const activity = {
  number: 1,
  name: 'activity',
  sql: `
CREATE TABLE log (
  -- partition * 2^40 + offset
  position    INTEGER PRIMARY KEY,
  user_id     TEXT NOT NULL,
  appended_at INTEGER NOT NULL,
  value       BLOB NOT NULL
) STRICT;

CREATE TABLE log_partitions (
  partition INTEGER PRIMARY KEY,
  start     INTEGER NOT NULL,
  committed INTEGER NOT NULL
) STRICT;

CREATE TABLE log_info (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  log_id     TEXT NOT NULL,
  epoch      INTEGER NOT NULL,
  partitions INTEGER NOT NULL
) STRICT;

CREATE TABLE groups (
  user_id        TEXT NOT NULL,
  group_id       TEXT NOT NULL,
  visible        INTEGER NOT NULL,
  event_type     TEXT NOT NULL,
  created_at     INTEGER NOT NULL,
  seq            INTEGER NOT NULL,
  -- seq in steps of 65,536: an index that an update seldom moves
  seq_block      INTEGER NOT NULL,
  unread_seq     INTEGER NOT NULL,
  applied        INTEGER NOT NULL,
  key_hash       INTEGER NOT NULL,
  verb           TEXT NOT NULL,
  object_type    TEXT NOT NULL,
  object_id      TEXT NOT NULL,
  opened_seq     INTEGER NOT NULL,
  close_after_ms INTEGER NOT NULL,
  reopen_read    INTEGER NOT NULL,
  visible_since  INTEGER NOT NULL,
  deleted_seq    INTEGER NOT NULL,
  actor_count    INTEGER NOT NULL,
  is_estimate    INTEGER NOT NULL,
  event_count    INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL,
  data           TEXT NOT NULL,
  pending        TEXT,
  hyper_log_log  TEXT,
  PRIMARY KEY (user_id, group_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX groups_by_seq  ON groups (user_id, seq_block);
CREATE INDEX groups_by_key  ON groups (user_id, key_hash, group_id);
CREATE INDEX groups_by_type ON groups (user_id, event_type, group_id) WHERE visible = 1;
CREATE INDEX groups_by_age  ON groups (created_at);

CREATE TABLE heads (
  user_id TEXT PRIMARY KEY,
  head    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
  user_id    TEXT NOT NULL,
  group_id   TEXT NOT NULL,
  actor      TEXT NOT NULL,
  -- 1 while the actor's newest event is an ADD
  counts     INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  seq        INTEGER NOT NULL,
  first_seq  INTEGER NOT NULL,
  event_id   TEXT NOT NULL,
  -- ids begin with the time, so the members of young groups, where most is written, lie together
  PRIMARY KEY (group_id, user_id, actor)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_by_time  ON members (group_id, user_id, created_at DESC, event_id DESC, actor) WHERE counts = 1;
CREATE INDEX members_by_first ON members (group_id, user_id, first_seq) WHERE counts = 1;

-- who is a member where: what is new comes at the end of a list, and a slice of the list at a time into the sorted table
CREATE TABLE actor_groups (
  actor_hash INTEGER NOT NULL,
  user_id    TEXT NOT NULL,
  group_id   TEXT NOT NULL,
  PRIMARY KEY (actor_hash, user_id, group_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE actor_groups_new (
  id         INTEGER PRIMARY KEY,
  actor_hash INTEGER NOT NULL,
  user_id    TEXT NOT NULL,
  group_id   TEXT NOT NULL
) STRICT;

CREATE TABLE object_groups (
  object_type TEXT NOT NULL,
  object_id   TEXT NOT NULL,
  user_id     TEXT NOT NULL,
  group_id    TEXT NOT NULL,
  PRIMARY KEY (object_type, object_id, user_id, group_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE object_tombstones (
  object_type TEXT NOT NULL,
  object_id   TEXT NOT NULL,
  deleted_at  INTEGER NOT NULL,
  PRIMARY KEY (object_type, object_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX object_tombstones_by_time ON object_tombstones (deleted_at);

CREATE TABLE marks (
  user_id      TEXT NOT NULL,
  -- empty: over all groups
  group_id     TEXT NOT NULL,
  read_upto    INTEGER NOT NULL,
  read_seq     INTEGER NOT NULL,
  seen_upto    INTEGER NOT NULL,
  seen_seq     INTEGER NOT NULL,
  deleted_upto INTEGER NOT NULL,
  deleted_seq  INTEGER NOT NULL,
  -- the newer of read_seq and seen_seq; 0 for a deletion alone
  changed_seq  INTEGER NOT NULL,
  PRIMARY KEY (user_id, group_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX marks_by_seq ON marks (user_id, changed_seq);

CREATE TABLE users (
  user_id    TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  avatar_url TEXT,
  locale     TEXT,
  properties TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE erasures (
  user_id   TEXT PRIMARY KEY,
  erased_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX erasures_by_time ON erasures (erased_at);

CREATE TABLE revocations (
  -- never given twice, also after a purge
  position   INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id    TEXT,
  token_id   TEXT,
  at         REAL NOT NULL,
  expires_at REAL NOT NULL
) STRICT;

CREATE TABLE devices (
  user_id   TEXT NOT NULL,
  device_id TEXT NOT NULL,
  epoch     TEXT NOT NULL,
  seq       INTEGER NOT NULL,
  seen_at   INTEGER NOT NULL,
  PRIMARY KEY (user_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
  principal    TEXT NOT NULL,
  route        TEXT NOT NULL,
  key          TEXT NOT NULL,
  body_hash    TEXT NOT NULL,
  started_at   INTEGER NOT NULL,
  lease_until  INTEGER NOT NULL,
  -- null until there is an answer
  status       INTEGER,
  content_type TEXT,
  body         TEXT,
  PRIMARY KEY (principal, route, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_time ON idempotency (started_at);

CREATE TABLE traces (
  -- accepted_at in steps of ten minutes: what came in together lies together, and is dropped together
  span        INTEGER NOT NULL,
  event_id    TEXT NOT NULL,
  user_id     TEXT NOT NULL,
  accepted_at INTEGER NOT NULL,
  is_pending  INTEGER NOT NULL,
  data        TEXT NOT NULL,
  PRIMARY KEY (span, event_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE probes (
  one   INTEGER PRIMARY KEY CHECK (one = 1),
  count INTEGER NOT NULL
) STRICT;
`,
} as const
