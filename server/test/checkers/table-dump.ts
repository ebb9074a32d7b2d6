import { DatabaseSync } from 'node:sqlite'

export type Row = Readonly<Record<string, unknown>>
/** Every row of every table, in the order of its key. */
export type TableDump = Readonly<Record<string, readonly Row[]>>

/** Which traces of events there are, and what they say, is told by the clock as well: they are of use for a day. */
const notFromTheLog = ['traces', 'probes']
/** What is made from the log. */
const views = ['groups', 'members', 'heads', 'marks', 'object_groups']

/** Everything that a database file holds, as it holds it. */
export function dumpTables(path: string): TableDump {
  using db = new DatabaseSync(path, { readOnly: true })
  const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all()
  const dump: Record<string, readonly Row[]> = {}
  for (const { name } of tables) {
    if (typeof name !== 'string' || notFromTheLog.includes(name)) continue
    dump[name] = db.prepare(`SELECT * FROM "${name}"`).all().map(plain).sort(byText)
  }
  return withOneList(dump)
}

/** Who is a member where is kept in two tables, what is new in the second, perhaps more than once: they are one list. */
function withOneList({ actor_groups = [], actor_groups_new = [], ...others }: TableDump): TableDump {
  const all = [...actor_groups, ...actor_groups_new.map((row) => without(row, ['id']))]
  return { ...others, actor_groups: [...new Map(all.map((row) => [text(row), row])).values()].sort(byText) }
}

/** Rows that are in one dump only, a few of each table. */
export function differences(before: TableDump, after: TableDump): readonly string[] {
  const found: string[] = []
  for (const table of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [left, right] = [(before[table] ?? []).map(text), (after[table] ?? []).map(text)]
    for (const row of missing(left, right)) found.push(`${table} lost ${row}`)
    for (const row of missing(right, left)) found.push(`${table} gained ${row}`)
  }
  return found
}

/**
 * The views without what the log does not decide: which of its members a row still carries depends on when flushes fell,
 * and deletions by a user are raised by the API alone, since the fold has them in the group's row.
 */
export function comparableViews(dump: TableDump): TableDump {
  const { groups = [], marks = [] } = dump
  const all = Object.fromEntries(views.map((view) => [view, dump[view] ?? []]))
  return {
    ...all,
    members: allMembers(dump),
    groups: groups.map((row) => without(row, ['pending'])),
    marks: marks.filter((row) => row.changed_seq !== 0).map((row) => without(row, ['deleted_upto', 'deleted_seq'])),
  }
}

/** The member table united with what rows still carry. */
export function allMembers({ members = [], groups = [] }: TableDump): readonly Row[] {
  const all = new Map(members.map((row) => [`${row.user_id} ${row.group_id} ${row.actor}`, row]))
  for (const { user_id, group_id, pending } of groups) {
    if (typeof pending !== 'string') continue
    for (const [actor, created_at, event_id, op, seq, first_seq] of JSON.parse(pending)) {
      const key = `${user_id} ${group_id} ${actor}`
      if (Number(all.get(key)?.seq ?? 0) >= seq) continue
      all.set(key, { user_id, group_id, actor, counts: op === 'ADD' ? 1 : 0, created_at, seq, first_seq, event_id })
    }
  }
  return [...all.values()].sort(byText)
}

const without = (row: Row, columns: readonly string[]): Row =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !columns.includes(name)))

const plain = (row: Row): Row =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
    ]),
  )

const text = (row: Row): string => JSON.stringify(row)
const byText = (a: Row, b: Row): number => (text(a) < text(b) ? -1 : 1)

function missing(rows: readonly string[], from: readonly string[]): readonly string[] {
  const known = new Set(from)
  return rows.filter((row) => !known.has(row)).slice(0, 3)
}
