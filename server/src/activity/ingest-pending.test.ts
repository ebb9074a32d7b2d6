import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleEvent } from '../conformance/samples.ts'
import { createPendingEvents } from './ingest-pending.ts'

test('whoever shares an id is found for as long as the one before, whichever generation that was in', () => {
  const pending = createPendingEvents(4, 1_000)
  const add = (eventId: string, user: string) => pending.add(sampleEvent(user, 1, { eventId }), 5, 10)
  add('a', 'bob')
  add('b', 'bob')
  add('a', 'cat')
  add('c', 'bob')
  assert.equal(pending.first('a')?.event.targetUser, 'bob')
  for (const user of ['bob', 'cat']) assert.equal(pending.get('a', user)?.event.targetUser, user)
  assert.equal(pending.get('a', 'dan'), undefined)
  assert.equal(pending.first('b'), undefined, 'half of what is kept at most goes at once')
  add('d', 'bob')
  add('e', 'bob')
  assert.equal(pending.first('a'), undefined)
  assert.equal(pending.get('a', 'cat'), undefined)
})
