import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleRow, someTime } from '../../conformance/samples.ts'
import { type GroupRow, monthOf } from '../../model/activity-group.ts'
import { keyText } from '../../model/event.ts'
import type { CassandraDatabase, Cell, Statement } from './database.ts'
import { purgeGroups } from './group-purge.ts'
import { GroupReads } from './group-reads.ts'
import { toCells } from './group-rows.ts'
import { fences } from './run-on-cassandra.ts'
import type { Fence } from './settings.ts'

const user = 'carol'
const month = monthOf(someTime)

/** A user's groups of one month; what is deleted of them, in order. */
function keyspace(fence: Fence, rows: readonly GroupRow[]) {
  const asked: { readonly what: string; readonly params: readonly Cell[] }[] = []
  const number = (value: Cell) => ({ toNumber: () => value })
  const asRow = (row: GroupRow) => {
    const [applied, seq, unread, event_type, , data] = toCells(row, month)
    const positions = { applied: number(applied), seq: number(seq), unread_seq: number(unread) }
    return { group_id: row.groupId, event_type, data, ...positions }
  }
  const take = ({ query, params }: Statement) => {
    const [, table] = /^DELETE .*?FROM (\w+)/.exec(query) ?? []
    asked.push({ what: `${table}`, params })
  }
  const writeTogether = async (statements: readonly Statement[]) => statements.forEach(take)
  const db = {
    fence,
    read: async () => [{ month }],
    readPages: async function* () {
      for (const row of rows) yield [asRow(row)]
    },
    writeTogether,
    write: async (query: string, ...params: readonly Cell[]) => take({ query, params }),
    writeIf: async (statements: readonly Statement[]) => {
      await writeTogether(statements)
      return { applied: true, rows: [] }
    },
  } as unknown as CassandraDatabase
  const of = (table: string) => asked.filter(({ what }) => what === table).map(({ params }) => params)
  return {
    purge: (upTo?: number) =>
      purgeGroups(db, upTo === undefined ? { user } : { user, upTo }, 90, new GroupReads(db), () => {}),
    of,
    firstOf: (table: string) => asked.findIndex(({ what }) => what === table),
    lastOf: (table: string) => asked.findLastIndex(({ what }) => what === table),
  }
}

for (const fence of fences) {
  test(`a purge that leaves a group takes the keys of those that go, before them (${fence})`, async () => {
    const old = [sampleRow(user, 1), sampleRow(user, 2, { eventType: 'CUSTOM', verb: 'pinned', objectId: 'ü 大学' })]
    const stays = sampleRow(user, 80)
    const { purge, of, firstOf, lastOf } = keyspace(fence, [old[0]!, stays, old[1]!])
    assert.equal(await purge(50), 2)
    assert.deepEqual(
      of('group_keys'),
      old.map((row) => [user, keyText(row), row.groupId]),
    )
    if (fence === 'lwt') assert(firstOf('group_keys') < firstOf('groups'))
    else assert(lastOf('group_keys') < firstOf('groups'))
    assert.deepEqual(of('user_months'), [], 'the months lead to what stays')
  })

  test(`a purge that leaves no group takes all keys at once, and the months last (${fence})`, async () => {
    const { purge, of, lastOf } = keyspace(fence, [sampleRow(user, 1), sampleRow(user, 2)])
    assert.equal(await purge(), 2)
    assert.deepEqual(of('group_keys'), [[user]])
    assert(lastOf('user_months') > lastOf('groups') && lastOf('user_months') > lastOf('group_keys'))
  })
}
