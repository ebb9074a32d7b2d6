import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openMemory } from '../engines/memory/open.ts'
import { createMemoryStorage } from '../engines/memory/storage.ts'
import { HeadwaterError, UnknownOutcome } from '../lib/error.ts'
import { derivedUuidV7, isUuidV7 } from '../lib/uuid.ts'
import { virtualSeams } from '../lib/virtual-seams.ts'
import type { ActivityEvent } from '../model/event.ts'
import type { AppendOutcome } from '../ports/event-log.ts'
import { createIngest, type IngestSettings } from './ingest.ts'

const like = { event_type: 'LIKE', actor_id: 'alice', target_user_id: 'carol', object_type: 'POST', object_id: 'p1' }

function setUp(settings: Partial<IngestSettings> = {}) {
  const seams = virtualSeams()
  const ports = openMemory(createMemoryStorage({ partitions: 1 }), seams)
  const counts = { accepted: 0, rejected: 0, lost: 0 }
  const observer = {
    onAccepted: (n: number) => {
      counts.accepted += n
    },
    onRejected: (n: number) => {
      counts.rejected += n
    },
    onTraceLost: () => void counts.lost++,
  }
  const ingest = createIngest(ports, { notifySelf: () => false, ...settings }, seams, observer)
  const logged = async (): Promise<readonly ActivityEvent[]> => {
    const { records } = await ports.log.read(0, 0, 1_000)
    return records.flatMap(({ value }) => (value.kind === 'event' ? [value.event] : []))
  }
  return { seams, ports, counts, ingest, logged, now: seams.clock.now() }
}

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => assert.fail('it was taken in'),
    (reason: unknown) => reason,
  )
  assert.ok(HeadwaterError.is(error), String(error))
  assert.ok(error.retryAfterS !== undefined)
  return error.code
}

describe('submitting events', () => {
  test('each item has its own verdict, and what passes is in the log', async () => {
    const { ingest, logged, counts } = setUp()
    const answer = await ingest.submit([like, { ...like, verb: 'x' }, null, { ...like, actor_id: 'ben' }])
    assert.equal(answer.accepted, 2)
    assert.deepEqual(
      answer.rejected.map(({ index, code }) => [index, code]),
      [
        [1, 'verb_not_allowed'],
        [2, 'invalid_type'],
      ],
    )
    assert.deepEqual(
      answer.event_ids.map((id) => id !== null && isUuidV7(id)),
      [true, false, false, true],
    )
    assert.deepEqual(
      (await logged()).map((event) => [event.eventId, event.actor, event.createdAt]),
      [
        [answer.event_ids[0], 'alice', null],
        [answer.event_ids[3], 'ben', null],
      ],
    )
    assert.deepEqual(counts, { accepted: 2, rejected: 2, lost: 0 })
  })

  test('a caller’s id gives the time', async () => {
    const { ingest, logged, now } = setUp()
    await ingest.submit([{ ...like, event_id: derivedUuidV7(now - 7, 'x') }])
    assert.equal((await logged())[0]?.createdAt, now - 7)
  })

  test('with a key, a second run hours later brings the same events and verdicts', async () => {
    const { ingest, logged, seams, now } = setUp()
    const events = [like, { ...like, created_at: now + 400_000 }, { ...like, created_at: now - 5 }]
    const idempotency = { seed: 'one', startedAt: now }
    const first = await ingest.submit(events, { idempotency })
    seams.time.advance(3_600_000)
    assert.deepEqual(await ingest.submit(events, { idempotency }), first)
    const [a, b, c, d] = await logged()
    assert.deepEqual([c, d], [a, b])
    assert.deepEqual([a?.createdAt, b?.createdAt], [now, now - 5])
    const other = await ingest.submit(events, { idempotency: { seed: 'two', startedAt: now } })
    assert.notEqual(other.event_ids[0], first.event_ids[0])
  })

  test('with a key, what comes later in the request is newer', async () => {
    const { ingest, logged, now } = setUp()
    const events = Array.from({ length: 1_000 }, (_, i) => ({ ...like, op: i % 2 ? 'UNDO' : 'ADD' }))
    const { event_ids } = await ingest.submit(events, { idempotency: { seed: 'one', startedAt: now } })
    assert.deepEqual(event_ids, event_ids.toSorted())
    assert.equal(new Set((await logged()).map(({ createdAt }) => createdAt)).size, 1)
  })

  test('an id without a time keeps the time that it got first', async () => {
    const { ingest, logged, seams, now } = setUp()
    const item = { value: { ...like, event_id: derivedUuidV7(0, 'cloud') }, timeless: true }
    await ingest.submitItems([item])
    seams.time.advance(60_000)
    await ingest.submitItems([item])
    assert.deepEqual(
      (await logged()).map((event) => event.createdAt),
      [null, now],
    )
  })

  test('of one id, the first event for each target user stands, in one request and in several', async () => {
    const { ingest, logged, now } = setUp()
    const event_id = derivedUuidV7(now, 'x')
    const toCarol = { ...like, event_id }
    const toDave = { ...toCarol, target_user_id: 'dave' }
    const later = { created_at: now + 1 }
    await ingest.submit([toCarol, toDave, { ...toCarol, ...later }, { ...toDave, ...later }])
    await ingest.submit([{ ...toCarol, object_id: 'p2' }])
    await ingest.submit([{ ...toDave, object_id: 'p2' }])
    assert.deepEqual(
      (await logged()).map(({ targetUser, objectId, createdAt }) => [targetUser, objectId, createdAt]),
      [
        ['carol', 'p1', now],
        ['dave', 'p1', now],
      ],
    )
  })

  test('what one does to oneself is accepted, traced and told to nobody', async () => {
    const { ingest, logged } = setUp()
    const answer = await ingest.submit([{ ...like, actor_id: 'carol' }])
    assert.equal(answer.accepted, 1)
    assert.equal((await logged()).length, 0)
    const trace = await ingest.trace(answer.event_ids[0] as string)
    assert.deepEqual([trace?.state, trace?.reason, trace?.group_id], ['ignored', 'self', null])
  })

  test('unless a type is set to tell', async () => {
    const { ingest, logged } = setUp({ notifySelf: (type) => type === 'MENTION' })
    await ingest.submit([like, { ...like, event_type: 'MENTION' }].map((event) => ({ ...event, actor_id: 'carol' })))
    assert.deepEqual(
      (await logged()).map((event) => event.eventType),
      ['MENTION'],
    )
  })
})

describe('when the log cannot', () => {
  const failing = (append: () => Promise<readonly AppendOutcome[]>) => {
    const { ports, seams } = setUp()
    const counts = { accepted: 0 }
    const onAccepted = (n: number) => {
      counts.accepted += n
    }
    const ingest = createIngest({ traces: ports.traces, log: { append } }, { notifySelf: () => false }, seams, {
      onAccepted,
    })
    return { ingest, counts }
  }

  test('one unknown outcome of several makes the answer unavailable, never accepted', async () => {
    const stored = { stored: true, seq: 1, appendedAt: 1 } as const
    const { ingest, counts } = failing(async () => [stored, { stored: 'unknown' }])
    assert.equal(await codeOf(ingest.submit([like, like])), 'ingest_unavailable')
    assert.equal(counts.accepted, 0)
  })

  test('an append that ends unknown is unavailable as well', async () => {
    const { ingest } = failing(async () => {
      throw new UnknownOutcome('the connection broke')
    })
    assert.equal(await codeOf(ingest.submit([like])), 'ingest_unavailable')
  })

  test('its own refusals go through', async () => {
    const { ingest } = failing(async () => {
      throw new HeadwaterError('storage_full', { retryAfterS: 9 })
    })
    assert.equal(await codeOf(ingest.submit([like])), 'storage_full')
  })

  test('events and bytes that wait for it are bounded, and make room again', async () => {
    const { ports, seams } = setUp()
    const { promise: opened, resolve: open } = Promise.withResolvers<void>()
    const append: typeof ports.log.append = async (values) => {
      await opened
      return ports.log.append(values)
    }
    const settings = { notifySelf: () => false, maxInFlightEvents: 3, maxInFlightBytes: 1_000 }
    const ingest = createIngest({ traces: ports.traces, log: { append } }, settings, seams)
    const first = ingest.submit([like, like], { bytes: 600 })
    assert.equal(await codeOf(ingest.submit([like, like], { bytes: 10 })), 'overloaded')
    assert.equal(await codeOf(ingest.submit([like], { bytes: 500 })), 'overloaded')
    open()
    assert.equal((await first).accepted, 2)
    const both = [ingest.submit([like], { bytes: 500 }), ingest.submit([like], { bytes: 500 })]
    for (const answer of await Promise.all(both)) assert.equal(answer.accepted, 1)
  })
})

describe('what became of an event', () => {
  test('it is pending until its trace is written', async () => {
    const { ingest, ports, now } = setUp()
    const { event_ids } = await ingest.submit([{ ...like, metadata: { preview: 'Lake' } }])
    const id = event_ids[0] as string
    const waiting = await ingest.trace(id.toUpperCase())
    assert.deepEqual(waiting, {
      ...like,
      event_id: id,
      metadata: { preview: 'Lake' },
      created_at: now,
      op: 'ADD',
      state: 'pending',
      reason: null,
      group_id: null,
      accepted_at: now,
      written_at: null,
      pushed_at: null,
      queued_at: null,
    })
    const event = (await ports.log.read(0, 0, 1)).records[0]?.value
    assert.ok(event?.kind === 'event')
    const times = { acceptedAt: now, writtenAt: now + 1, pushedAt: now + 2, queuedAt: null }
    const trace = { event: event.event, user: 'carol', seq: 1, state: 'applied', reason: null, groupId: 'g1' } as const
    await ports.traces.put([{ ...trace, ...times }])
    const applied = await ingest.trace(id)
    assert.deepEqual(applied, {
      ...waiting,
      state: 'applied',
      group_id: 'g1',
      written_at: now + 1,
      pushed_at: now + 2,
    })
  })

  test('of those that wait, the newest are known, by number and by size', async () => {
    const { ingest } = setUp({ maxPending: 2 })
    const { event_ids } = await ingest.submit([like, like, like])
    const found = await Promise.all(event_ids.map((id) => ingest.trace(id as string)))
    assert.deepEqual(
      found.map((trace) => trace?.state),
      [undefined, 'pending', 'pending'],
    )
    const small = setUp({ maxPendingBytes: 4_000 })
    const large = { ...like, metadata: { text: 'x'.repeat(3_000) } }
    const ids = (await small.ingest.submit([large, large])).event_ids
    assert.equal(await small.ingest.trace(ids[0] as string), undefined)
    assert.equal((await small.ingest.trace(ids[1] as string))?.state, 'pending')
  })

  test('nothing is known of others, nor after a day', async () => {
    const { ingest, seams } = setUp()
    assert.equal(await ingest.trace('nonsense'), undefined)
    const { event_ids } = await ingest.submit([like])
    seams.time.advance(25 * 3_600_000)
    assert.equal(await ingest.trace(event_ids[0] as string), undefined)
  })

  test('an event stands even when its trace is lost', async () => {
    const { ports, seams } = setUp()
    let lost = 0
    const traces = { get: ports.traces.get, put: () => Promise.reject(new Error('down')) }
    const ingest = createIngest({ log: ports.log, traces }, { notifySelf: () => false }, seams, {
      onTraceLost: () => void lost++,
    })
    assert.equal((await ingest.submit([{ ...like, actor_id: 'carol' }])).accepted, 1)
    assert.equal(lost, 1)
  })
})
