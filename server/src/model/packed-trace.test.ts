import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sampleEvent } from '../conformance/samples.ts'
import type { EventTrace } from './event-trace.ts'
import { packTrace, unpackTrace } from './packed-trace.ts'

const event = sampleEvent('carol', 1, { actor: 'ann', objectId: 'p1', createdAt: 900, metadata: { preview: 'Sunset' } })
const trace: EventTrace = {
  event,
  user: 'carol',
  seq: 7,
  state: 'applied',
  reason: null,
  groupId: 'g1',
  acceptedAt: 1_000,
  writtenAt: 1_010,
  pushedAt: 1_000,
  queuedAt: null,
}
const elsewhere: EventTrace = { ...trace, event: { ...event, targetUser: 'dora', metadata: {} }, state: 'pending' }

describe('a packed trace', () => {
  test('is stored as it always was', () => {
    const { eventType, verb, objectType, op } = event
    assert.deepEqual(packTrace(trace), [
      ...['applied', null, 7, 'g1', 10, 0, null],
      ...[eventType, verb, 'ann', 0, objectType, 'p1', 900, op, { preview: 'Sunset' }],
    ])
    assert.equal(packTrace(elsewhere)[10], 'dora')
    assert.deepEqual([packTrace(elsewhere)[15], packTrace(elsewhere, 0)[15]], [{}, 0])
  })

  test('comes back as it was, however the store says that metadata is empty', () => {
    const back = (packed: ReturnType<typeof packTrace>) => unpackTrace(event.eventId, 'carol', 1_000, packed)
    assert.deepEqual(back(packTrace(trace)), trace)
    assert.deepEqual(back(packTrace(elsewhere)), elsewhere)
    assert.deepEqual(back(packTrace(elsewhere, 0)), elsewhere)
  })
})
