import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LogFollower, partitionsOf, readAll } from '../../conformance/log-follower.ts'
import { batchesOf, grown, sampleRow, sampleValue } from '../../conformance/samples.ts'
import { HeadwaterError, UnknownOutcome } from '../../lib/error.ts'
import { virtualSeams } from '../../lib/virtual-seams.ts'
import { userOf } from '../../model/log-record.ts'
import { Crashed, type HostileEngineSettings, HostileWorld, hostileEngines } from './hostile.ts'
import type { FaultRates, HostileSettings } from './hostile-world.ts'
import { openMemory } from './open.ts'
import { createMemoryStorage } from './storage.ts'

function setUp(rates: FaultRates, settings: HostileEngineSettings & Partial<HostileSettings> = {}) {
  const seams = virtualSeams()
  const storage = createMemoryStorage()
  const world = new HostileWorld(seams, { seed: 1, rates, ...settings })
  const open = () => hostileEngines(storage, seams, world, settings)
  return { seams, time: seams.time, storage, world, open, truth: openMemory(storage, seams) }
}

const unknown = (error: unknown) => UnknownOutcome.is(error)
const rowOf = (seq = 1) => sampleRow('ann', seq)

test('an append of unknown outcome is stored, not stored, or stored later', async () => {
  for (const [fault, before, after] of [
    ['append.unknown_stored', 3, 3],
    ['append.unknown_lost', 0, 0],
    ['append.unknown_late', 0, 3],
  ] as const) {
    const { time, world, open, truth } = setUp({ [fault]: 1 })
    const values = [0, 1, 2].map((n) => sampleValue('ann', n))
    assert.deepEqual(await open().ports.log.append(values), Array(3).fill({ stored: 'unknown' }))
    const partition = truth.log.partitionOf('ann')
    assert.equal((await readAll(truth.log, partition)).length, before, fault)
    time.advance(60_000)
    const stored = await readAll(truth.log, partition)
    assert.deepEqual(
      stored.map(({ value }) => value),
      values.slice(0, after),
      fault,
    )
    assert.equal(world.counts.get(fault), 1)
  }
})

test('a write of unknown outcome takes effect, does not, or does later and never over a newer one', async () => {
  for (const [fault, before, after] of [
    ['write.unknown_applied', true, true],
    ['write.unknown_lost', false, false],
    ['write.unknown_late', false, true],
  ] as const) {
    const { time, open, truth } = setUp({ [fault]: 1 })
    await assert.rejects(open().ports.groups.putGroups(batchesOf([rowOf()])), unknown)
    assert.equal((await truth.groups.get([rowOf()]))[0] !== undefined, before, fault)
    time.advance(60_000)
    assert.equal((await truth.groups.get([rowOf()]))[0] !== undefined, after, fault)
  }
  const { time, open, truth } = setUp({ 'write.unknown_late': 1 })
  await assert.rejects(open().ports.groups.putGroups(batchesOf([rowOf()])), unknown)
  const newer = grown(rowOf(), 9)
  await truth.groups.putGroups(batchesOf([newer]))
  time.advance(60_000)
  assert.deepEqual(await truth.groups.get([rowOf()]), [newer])
})

test('what is late comes before an erasure', async () => {
  const { time, open, truth } = setUp({ 'write.unknown_late': 1 })
  const { ports } = open()
  await assert.rejects(ports.groups.putGroups(batchesOf([rowOf()])), unknown)
  await ports.groups.purge({ user: 'ann' })
  time.advance(60_000)
  assert.deepEqual(await truth.groups.get([rowOf()]), [undefined])
})

test('of several batches some are written, and each is whole', async () => {
  let torn = 0
  for (let seed = 1; seed <= 20; seed++) {
    const { open, truth } = setUp({ 'write.torn': 1 }, { seed })
    const rows = Array.from({ length: 12 }, (_, i) => sampleRow(`user-${i % 4}`, i + 1))
    await assert.rejects(open().ports.groups.putGroups(batchesOf(rows)))
    const found = await truth.groups.get(rows)
    const written = [0, 1, 2, 3].map((user) => found.filter((row) => row?.user === `user-${user}`).length)
    assert(written.every((count) => count === 0 || count === 3))
    if (written.some((count) => count === 3)) torn++
  }
  assert(torn > 5)
})

test('with ordered writes none takes effect without those before it', async () => {
  let partly = 0
  for (let seed = 1; seed <= 40; seed++) {
    const { time, open, truth } = setUp({ delay: 0.5, crash: 0.05, 'write.torn': 0.1 }, { seed, ordered: true })
    const { ports } = open()
    const writes: Promise<unknown>[] = []
    for (let n = 1; n <= 10; n++) {
      writes.push(ports.groups.putGroups(batchesOf([sampleRow('ann', n), sampleRow('bob', n)])))
      writes.push(
        ports.groups.putHeads([
          { user: 'ann', head: n },
          { user: 'bob', head: n },
        ]),
      )
    }
    const settled = Promise.allSettled(writes)
    for (let turn = 0; turn < 200; turn++) {
      time.advance(50)
      for (let i = 0; i < 10; i++) await null
    }
    await settled
    const [head = 0] = await truth.groups.heads(['ann'])
    for (const user of ['ann', 'bob']) {
      const rows = Array.from({ length: 10 }, (_, i) => sampleRow(user, i + 1))
      const found = (await truth.groups.get(rows)).map((row) => row !== undefined)
      assert(found.slice(0, head).every(Boolean), 'a head is in place and its rows are not')
      assert.equal(found.slice(head + 1).some(Boolean), false, 'rows are in place and the head before them is not')
    }
    if (head > 0 && head < 10) partly++
  }
  assert(partly > 5)
})

test('a dead process does nothing more, and its calls under way fail; a thawed one is another', async () => {
  const { open, truth, time } = setUp({})
  const engines = open()
  const { ports } = engines
  const consumer = await ports.log.join()
  await consumer.poll(1, 0)
  const waiting = consumer.poll(1, 60_000)
  engines.crash()
  await assert.rejects(waiting, Crashed)
  await assert.rejects(ports.groups.putGroups(batchesOf([rowOf()])), Crashed)
  await assert.rejects(ports.unread.counts('ann', 0), Crashed)
  assert.deepEqual(await truth.groups.get([rowOf()]), [undefined])
  engines.thaw()
  await ports.groups.putGroups(batchesOf([rowOf()]))
  await assert.rejects(consumer.poll(1, 0), Crashed)
  await consumer[Symbol.asyncDispose]()
  const heir = await LogFollower.join(truth.log)
  await heir.turn()
  assert.equal(heir.owned.size, 0, 'nobody said that the dead one is dead')
  time.advance(20_000)
  await heir.turn()
  assert.equal(heir.owned.size, truth.log.info.partitions)
})

test('a process dies at any call, and comes back after a while', async () => {
  const { open, time, world } = setUp({ crash: 1 }, { reviveAfterMs: 500 })
  const { ports } = open()
  await assert.rejects(ports.marks.get('ann', []), Crashed)
  await assert.rejects(ports.marks.get('ann', []), Crashed)
  assert.equal(world.counts.get('crash'), 1, 'the dead cannot die')
  time.advance(500)
  world.calm()
  await ports.marks.get('ann', [])
})

test('a frozen process goes on where it was', async () => {
  const { open, truth } = setUp({})
  const engines = open()
  const consumer = await engines.ports.log.join()
  engines.freeze()
  const put = engines.ports.groups.putGroups(batchesOf([rowOf()]))
  for (let i = 0; i < 20; i++) await null
  assert.deepEqual(await truth.groups.get([rowOf()]), [undefined])
  engines.thaw()
  assert.deepEqual(await put, [['written']])
  assert.equal((await consumer.poll(1, 0)).assigned.length, truth.log.info.partitions)
})

test('a zombie reads on what others have by now, and its commits are ignored', async () => {
  const { open, truth, seams } = setUp({ 'log.zombie': 0.3 })
  const user = 'ann'
  const partition = truth.log.partitionOf(user)
  await truth.log.append(Array.from({ length: 40 }, (_, n) => sampleValue(user, n)))
  const zombie = await LogFollower.join(open().ports.log)
  const heir = await LogFollower.join(truth.log)
  let both = false
  for (let turn = 0; turn < 60; turn++) {
    const polled = zombie.poll(1)
    for (let i = 0; i < 50; i++) await null
    seams.time.advance(30)
    await polled
    for (const each of zombie.revoked) await zombie.consumer.release(each)
    zombie.revoked.clear()
    const { committed } = await truth.log.bounds(partition)
    await heir.turn()
    if (zombie.owned.has(partition) && heir.owned.has(partition)) {
      both = true
      await zombie.consumer.commit(new Map([[partition, 39]]))
      assert.equal((await truth.log.bounds(partition)).committed, committed)
    }
  }
  assert(both, 'never were there two owners')
})

/** What one listener hears of ten rounds of messages to fifty users, as the numbers of the rounds by user. */
async function hearOf(rates: FaultRates) {
  const { open, time, world } = setUp(rates)
  const { pubSub } = open().ports
  const heard = new Map<string, number[]>()
  const users = Array.from({ length: 50 }, (_, n) => `user-${n}`)
  const subscription = await pubSub.subscribe({
    message: (message) => heard.get(message.user)?.push(message.kind === 'changes' ? message.to : -1),
    gap() {},
  })
  await subscription.add(users)
  for (const user of users) heard.set(user, [])
  const publish = (to: number) =>
    pubSub.publish(
      users.map((user) => ({ kind: 'changes', user, from: to - 1, to, changes: [], counts: null, acceptedAt: 0 })),
    )
  for (let round = 1; round <= 10; round++) {
    await publish(round)
    time.advance(100)
  }
  world.calm()
  await publish(11)
  for (let i = 0; i < 10; i++) await null
  return { heard: [...heard.values()], world }
}

test('messages are lost, late and repeated, and the last one may never arrive', async () => {
  const rates = { 'pub_sub.lost': 0.2, 'pub_sub.late': 0.2, 'pub_sub.repeated': 0.1, 'pub_sub.last_lost': 1 }
  const { heard, world } = await hearOf(rates)
  for (const fault of Object.keys(rates) as (keyof typeof rates)[]) assert((world.counts.get(fault) ?? 0) > 0, fault)
  assert(heard.some((rounds) => new Set(rounds).size < rounds.length))
  assert(heard.some((rounds) => !rounds.includes(10)))
  assert(
    heard.every((rounds) => rounds.at(-1) === 11),
    'in a calm world every message arrives',
  )
})

test('late messages of one user keep their order', async () => {
  const { heard } = await hearOf({ 'pub_sub.late': 0.5 })
  for (const rounds of heard) assert.deepEqual(rounds, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
})

test('caches forget, go down, and are whole again when the world is calm', async () => {
  const { open, world, truth } = setUp({ 'cache.evicted': 0.3, 'cache.wiped': 0.05, 'cache.down': 0.2 })
  const { ports } = open()
  let found = 0
  let failed = 0
  for (let n = 0; n < 100; n++) {
    const sessions = [{ user: 'ann', sessionId: 's', node: 'n', device: null }]
    await truth.sessions.put(sessions, 0, 1_000)
    const answer = await ports.sessions.find(['ann'], 1).catch((error) => {
      assert(HeadwaterError.is(error) && error.retryable)
      failed++
    })
    found += answer?.[0]?.length ?? 0
  }
  assert(found > 20 && found < 100 - failed && failed > 5, `${found} found, ${failed} failed`)
  world.calm()
  await ports.sessions.put([{ user: 'ann', sessionId: 's', node: 'n', device: null }], 0, 1_000)
  assert.equal((await ports.sessions.find(['ann'], 1))[0]?.length, 1)
})

test('the same seed makes the same trouble', async () => {
  const happened = async () => {
    const { open, world, truth } = setUp({ refused: 0.1, 'append.unknown_lost': 0.2, 'append.unknown_stored': 0.2 })
    const { log } = open().ports
    for (let n = 0; n < 50; n++) await log.append([sampleValue(`user-${n}`, n)]).catch(() => {})
    const stored = await Promise.all(partitionsOf(truth.log).map((partition) => readAll(truth.log, partition)))
    return { report: world.report(), users: stored.flat().map(({ value }) => userOf(value)) }
  }
  const first = await happened()
  assert.match(first.report, /append\.unknown_lost \d+/)
  assert.deepEqual(await happened(), first)
})

test('who changes what was handed over meets an error', async () => {
  const { open } = setUp({})
  const row = { ...rowOf(), newestActors: [] as unknown[] }
  await open().ports.groups.putGroups(batchesOf([row as never]))
  assert.throws(() => row.newestActors.push('x'), TypeError)
})
