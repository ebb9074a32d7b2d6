import type { SqliteDatabase } from '../../src/engines/sqlite/database.ts'

/** What is made from the log, in the order of each table's key. */
const views = {
  groups: 'SELECT * FROM groups ORDER BY user_id, group_id',
  members: 'SELECT * FROM members ORDER BY user_id, group_id, actor',
  heads: 'SELECT * FROM heads ORDER BY user_id',
  marks: 'SELECT * FROM marks ORDER BY user_id, group_id',
  object_groups: 'SELECT * FROM object_groups ORDER BY object_type, object_id, user_id, group_id',
} as const

export type View = keyof typeof views
export type ViewRow = Readonly<Record<string, unknown>>
export type ViewDump = Readonly<Record<View, readonly ViewRow[]>>

/** Every column of every row of every view, as the database has it. */
export function dumpViews(database: SqliteDatabase): ViewDump {
  const dump = {} as Record<View, readonly ViewRow[]>
  for (const view of Object.keys(views) as View[]) {
    dump[view] = database.read.connection
      .prepare(views[view])
      .all()
      .map((row) => ({ ...row }))
  }
  return dump
}

/** The dump without some columns of one view. */
export function without(dump: ViewDump, view: View, columns: readonly string[]): ViewDump {
  const rows = dump[view].map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !columns.includes(name))),
  )
  return { ...dump, [view]: rows }
}
