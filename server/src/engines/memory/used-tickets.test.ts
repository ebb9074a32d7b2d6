import assert from 'node:assert/strict'
import { test } from 'node:test'
import { usedTicketsSuite } from '../../conformance/used-tickets.ts'
import { virtualSeams } from '../../lib/virtual-seams.ts'
import { runOnMemory } from './run-on-memory.ts'
import { memoryUsedTickets } from './used-tickets.ts'

runOnMemory(usedTicketsSuite, (storage, seams) => memoryUsedTickets(storage.usedTickets, seams.clock))

test('tickets whose time has passed make room', async () => {
  const seams = virtualSeams()
  const state = new Map<string, number>()
  const used = memoryUsedTickets(state, seams.clock)
  for (let n = 0; n < 10_000; n++) {
    assert.equal(await used.use(`ticket-${n}`, 100), true)
    seams.time.advance(1)
  }
  assert.ok(state.size <= 100, `${state.size} are kept`)
})
