import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleGroupId, sampleRegister } from '../../conformance/samples.ts'
import { cassandraMemberStore } from './member-store.ts'
import { onCassandra } from './run-on-cassandra.ts'

/** What only this engine can get wrong. Members are written in one way under either fence. */
onCassandra('members', 'stamp', ({ databases }) => {
  const tables = ['members', 'member_chunks', 'actor_groups']
  const namesIn = async (id: string) => {
    const [db] = await databases()
    const rows = await Promise.all(tables.map((table) => db.read(`SELECT JSON * FROM ${table}`)))
    return tables.filter((_, i) => rows[i]?.some((row) => JSON.stringify(row).includes(id)))
  }

  test('nothing names an actor who was erased, nor a user whose groups were', async () => {
    const [db] = await databases()
    const store = cassandraMemberStore(db)
    const [user, gone] = ['erased-user', 'erased-actor']
    const groupId = sampleGroupId(user, 1)
    const registers = [gone, 'stays-1', 'stays-2'].map((actor, i) => sampleRegister(actor, i + 1, { createdAt: 5_000 }))
    await store.index([{ user, groupId, registers }])
    await store.put([{ user, groupId, registers }])
    // Moved: an earlier chunk still names the actor.
    await store.put([{ user, groupId, registers: [sampleRegister(gone, 9, { createdAt: 90_000 })] }])
    assert.deepEqual(await namesIn(gone), ['members', 'member_chunks'], 'where actors are is kept under a hash')
    assert.deepEqual(await namesIn(user), tables)

    await store.erase([{ user, groupId, actor: gone, upTo: 20 }])
    assert.deepEqual(await namesIn(gone), [])
    const left = async () => (await store.list(user, groupId, null, 9)).map(({ actor }) => actor)
    assert.deepEqual((await left()).toSorted(), ['stays-1', 'stays-2'])

    // What was written before the erasure, written again, brings nobody back.
    await store.put([{ user, groupId, registers }])
    assert.deepEqual((await left()).toSorted(), ['stays-1', 'stays-2'])
    await store.put([{ user, groupId, registers: [sampleRegister(gone, 21)] }])
    assert.equal((await left()).length, 3)

    await store.erase([{ user, groupId }])
    assert.deepEqual(await namesIn(user), [])
  })

  test('a flush of many is found by time and by first position in few rows', async () => {
    const [db] = await databases()
    const store = cassandraMemberStore(db)
    const user = 'viral-user'
    const groupId = sampleGroupId(user, 1)
    const registers = Array.from({ length: 1_200 }, (_, i) =>
      sampleRegister(`actor-${i}`, i + 1, { createdAt: 1_000_000 + i }),
    )
    await store.put([{ user, groupId, registers }])
    const chunks = await db.read('SELECT name FROM member_chunks WHERE user_id = ? AND group_id = ?', user, groupId)
    assert(chunks.length <= 8, `${chunks.length} chunks`)
    const newestFirst = registers.toReversed()
    assert.deepEqual(await store.list(user, groupId, null, 20), newestFirst.slice(0, 20))
    assert.deepEqual(await store.list(user, groupId, newestFirst[209] ?? null, 300), newestFirst.slice(210, 510))
    assert.equal(await store.countFirst(user, groupId, 100, 1_000), 900)
  })
})
