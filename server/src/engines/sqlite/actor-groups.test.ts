import assert from 'node:assert/strict'
import { test } from 'node:test'
import { someTime } from '../../conformance/samples.ts'
import { virtualSeams } from '../../lib/virtual-seams.ts'
import { type ActorGroups, actorGroupsOf } from './actor-groups.ts'
import type { SqliteDatabase } from './database.ts'
import { openSqlite } from './open.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

const open = (folder: string) => openSqlite({ folder }, virtualSeams({ now: someTime }))

const actors = 5_000
const actorOf = (entry: number): string => `actor-${entry % actors}`

/** Each entry is a group of its own. */
async function append(db: SqliteDatabase, groups: ActorGroups, from: number, count: number): Promise<void> {
  const entries = Array.from({ length: count }, (_, i) => from + i)
  await db.write(groups.append(entries.map((n) => ({ actor: actorOf(n), user: 'ann', groupId: `group-${n}` }))))
}

const countOf = (db: SqliteDatabase, table: string): number => Number(db.read.get(`SELECT count(*) FROM ${table}`)?.[0])

/** Of some actors: every entry that was appended, once, in whichever table it is. */
function assertFound(groups: ActorGroups, entries: number): void {
  for (const n of [0, 1_234, actors - 1]) {
    const found = groups.find(actorOf(n), null, 1_000).map(({ groupId }) => groupId)
    const expected = Array.from({ length: Math.ceil((entries - n) / actors) }, (_, i) => `group-${n + i * actors}`)
    assert.deepEqual(found, expected.sort())
  }
}

test('entries are found while they are moved into the sorted table, and the list becomes short again', async () => {
  using folder = temporaryFolder()
  await using db = await open(folder.path)
  const groups = actorGroupsOf(db)
  const perWrite = 10_000
  let entries = 0
  let longest = 0
  for (let write = 0; write < 30; write++) {
    await append(db, groups, entries, perWrite)
    entries += perWrite
    for (let step = 0; step < 4; step++) await groups.tidy()
    longest = Math.max(longest, countOf(db, 'actor_groups_new'))
    if (write % 5 === 0) assertFound(groups, entries)
  }
  assertFound(groups, entries)
  assert(longest < 250_000, `${longest} entries were in the list`)
  assert(countOf(db, 'actor_groups') > 100_000)
})

test('an entry that comes after the end of the list was purged is not taken for one that was moved', async () => {
  using folder = temporaryFolder()
  await using db = await open(folder.path)
  const groups = actorGroupsOf(db)
  await append(db, groups, 0, 140_000)
  for (let step = 0; step < 3; step++) await groups.tidy()
  await db.write({ sql: 'DELETE FROM actor_groups_new WHERE id > ?', rows: [[1_000]] })
  await append(db, groups, 140_000, 20_000)
  for (let step = 0; step < 30; step++) await groups.tidy()
  const found = groups.find(actorOf(140_000), null, 1_000).map(({ groupId }) => groupId)
  assert(found.includes('group-140000'), found.join(' '))
})

test('a move that a restart broke off begins anew', async () => {
  using folder = temporaryFolder()
  {
    await using db = await open(folder.path)
    const groups = actorGroupsOf(db)
    await append(db, groups, 0, 140_000)
    await groups.tidy()
  }
  await using db = await open(folder.path)
  const groups = actorGroupsOf(db)
  for (let entries = 140_000; entries < 300_000; entries += 10_000) {
    await append(db, groups, entries, 10_000)
    for (let step = 0; step < 4; step++) await groups.tidy()
  }
  assertFound(groups, 300_000)
  assert(countOf(db, 'actor_groups_new') < 200_000)
})
