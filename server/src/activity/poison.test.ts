import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemory } from '../engines/memory/open.ts'
import { createMemoryStorage } from '../engines/memory/storage.ts'
import { HeadwaterError } from '../lib/error.ts'
import { createUuidV7 } from '../lib/uuid.ts'
import { virtualSeams } from '../lib/virtual-seams.ts'
import type { LogRecord, LogValue } from '../model/log-record.ts'
import type { GroupStore } from '../ports/group-store.ts'
import type { ParkedRecords } from '../ports/parked-records.ts'
import { silentMetrics } from './aggregate.ts'
import { Poison } from './poison.ts'
import { defaultActivitySettings } from './settings.ts'
import { ActivityWorker } from './worker.ts'

const event = (eventId: string, objectId: string): Extract<LogValue, { kind: 'event' }> => ({
  kind: 'event',
  event: {
    eventId,
    eventType: 'LIKE',
    actor: 'ann',
    targetUser: 'carol',
    objectType: 'POST',
    objectId,
    op: 'ADD',
    createdAt: null,
    metadata: {},
    verb: '',
  },
})

const record = (offset: number): LogRecord => ({
  partition: 0,
  offset,
  seq: offset + 1,
  appendedAt: 0,
  value: event(`event-${offset}`, 'p'),
})

test('a record is tried five times, and one that was folded meanwhile begins anew', () => {
  const poison = new Poison()
  for (let i = 0; i < 4; i++) poison.blame(record(7), new TypeError('no such thing'))
  assert.equal(poison.reasonOf(record(7)), undefined)
  poison.blame(record(7), new TypeError('no such thing'))
  assert.equal(poison.reasonOf(record(7)), 'TypeError: no such thing')
  assert.equal(poison.reasonOf(record(8)), undefined)
  poison.forget(record(7))
  assert.equal(poison.reasonOf(record(7)), undefined)
})

test('a store that fails is not the fault of a record', () => {
  const poison = new Poison()
  for (let i = 0; i < 20; i++) poison.blame(record(7), new HeadwaterError('store_unavailable'))
  assert.equal(poison.reasonOf(record(7)), undefined)
  for (let i = 0; i < 5; i++) poison.blame(record(7), new HeadwaterError('internal'))
  assert.ok(poison.reasonOf(record(7)), 'it refuses what is in the record')
})

test('what lies behind it is folded: whoever had the partition meanwhile has dealt with it', () => {
  const poison = new Poison()
  for (let i = 0; i < 5; i++) poison.blame(record(7), new TypeError('no such thing'))
  poison.forget(record(6))
  assert.ok(poison.isIn(0))
  poison.forget(record(9))
  assert.equal(poison.reasonOf(record(7)), undefined)
  assert.ok(!poison.isIn(0))
})

test('a record at which the worker fails is set aside, and those behind it are folded', async () => {
  const seams = virtualSeams()
  const ports = openMemory(createMemoryStorage(), seams)
  const parked: { offset: number; reason: string }[] = []
  const aside: ParkedRecords = {
    park: async ({ offset }, reason) => void parked.push({ offset, reason }),
    list: async () => [],
    remove: async () => {},
  }
  const told: LogRecord[] = []
  let failures = 0
  await using _worker = new ActivityWorker(
    { ...ports, parked: aside },
    defaultActivitySettings,
    seams,
    { ...silentMetrics, parked: (one) => void told.push(one) },
    () => failures++,
  )
  const pass = async (until: () => boolean | Promise<boolean>) => {
    for (let step = 0; step < 2_000 && !(await until()); step++) {
      await new Promise((resolve) => setImmediate(resolve))
      seams.time.advance(Math.min(500, seams.time.nextIn ?? 500))
    }
    assert.ok(await until())
  }
  await ports.log.append([event('0190b6a0-0000-7000-8000-000000000001', 'p1')])
  const heads = async () => (await ports.groups.heads(['carol']))[0] ?? 0
  await pass(async () => (await heads()) === 1)
  const good = event('0190b6a0-0000-7000-8000-000000000002', 'p2')
  const bad = Object.defineProperty({ ...good.event }, 'op', { get: () => assert.fail('nobody can fold this') })
  await ports.log.append([{ ...good, event: bad }])
  await pass(() => told.length > 0)
  await ports.log.append([event('0190b6a0-0000-7000-8000-000000000003', 'p3')])
  await pass(async () => (await heads()) === 3)
  assert.equal(failures, 5)
  assert.deepEqual(parked, [{ offset: 1, reason: 'AssertionError: nobody can fold this' }])
  const rows = await ports.groups.list('carol', { after: null, limit: 10, createdFrom: 0, types: null })
  assert.deepEqual(rows.map((row) => row.objectId).sort(), ['p1', 'p3'])
})

test('a store that refuses whatever it is given is left in peace: one record after the other is not quickly set aside', async () => {
  const seams = virtualSeams()
  const ports = openMemory(createMemoryStorage({ partitions: 1 }), seams)
  const groups: GroupStore = {
    ...ports.groups,
    putGroups: () => Promise.reject(new HeadwaterError('internal', { cause: new Error('no such column') })),
  }
  let parked = 0
  const metrics = { ...silentMetrics, parked: () => void parked++ }
  await using _worker = new ActivityWorker({ ...ports, groups }, defaultActivitySettings, seams, metrics, () => {})
  const newId = createUuidV7(seams.clock, seams.random)
  await ports.log.append(Array.from({ length: 1_000 }, (_, n) => event(newId(), `p${n}`)))
  for (const end = seams.clock.monotonic() + 600_000; seams.clock.monotonic() < end; ) {
    await new Promise((resolve) => setImmediate(resolve))
    seams.time.advance(Math.min(100, seams.time.nextIn ?? 100))
  }
  assert.ok(parked >= 10 && parked < 30, `${parked} in ten minutes`)
})

test('a record whose write the store refuses is found among all that are written with it, and set aside', async () => {
  const seams = virtualSeams()
  const ports = openMemory(createMemoryStorage({ partitions: 2 }), seams)
  const groups: GroupStore = {
    ...ports.groups,
    async putGroups(batches) {
      const isBad = batches.some(({ rows }) => rows.some(({ objectId }) => objectId === 'bad'))
      if (isBad) throw new HeadwaterError('internal', { cause: new RangeError('the row is too large') })
      return ports.groups.putGroups(batches)
    },
  }
  const parked: string[] = []
  const metrics = {
    ...silentMetrics,
    parked: ({ value }: LogRecord, reason: string) => {
      assert.ok(value.kind === 'event')
      parked.push(`${value.event.targetUser} ${value.event.objectId}: ${reason}`)
    },
  }
  await using _worker = new ActivityWorker({ ...ports, groups }, defaultActivitySettings, seams, metrics, () => {})
  const users = Array.from({ length: 40 }, (_, i) => `user-${i}`)
  const newId = createUuidV7(seams.clock, seams.random)
  const ofEach = (objectId: string, targets: readonly string[]) =>
    targets.map((targetUser): LogValue => {
      const like = event(newId(), objectId)
      return { ...like, event: { ...like.event, targetUser } }
    })
  const started = seams.clock.monotonic()
  await ports.log.append([
    ...ofEach('first', users),
    ...ofEach('bad', ['user-3', 'user-17']),
    ...ofEach('second', users),
  ])
  const isDone = async () => {
    const heads = await ports.groups.heads(users)
    const found = await Promise.all(
      users.map((user) => ports.groups.list(user, { after: null, limit: 10, createdFrom: 0, types: null })),
    )
    return heads.every((head) => head !== undefined) && found.every((rows) => rows.length === 2)
  }
  for (let step = 0; step < 2_000 && !(await isDone()); step++) {
    await new Promise((resolve) => setImmediate(resolve))
    seams.time.advance(Math.min(100, seams.time.nextIn ?? 100))
  }
  assert.ok(await isDone(), 'what was good is there, of the same users too')
  assert.deepEqual(parked.toSorted(), [
    'user-17 bad: RangeError: the row is too large',
    'user-3 bad: RangeError: the row is too large',
  ])
  assert.ok(seams.clock.monotonic() - started < 5_000, 'by the clock of the worker everybody else waited for less')
})
