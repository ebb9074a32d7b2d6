// A write that comes late may bring an erased actor's register back: nobody must see it, and no count may move for it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemory } from '../../src/engines/memory/open.ts'
import { createMemoryStorage } from '../../src/engines/memory/storage.ts'
import { derivedUuidV7 } from '../../src/lib/uuid.ts'
import { type VirtualSeams, virtualSeams } from '../../src/lib/virtual-seams.ts'
import type { LogValue } from '../../src/model/log-record.ts'
import type { Ports } from '../../src/ports/ports.ts'
import { createApi, isDone, passUntil, TestWorker } from '../model/world.ts'

const start = Date.UTC(2026, 0, 28)

test('an erased actor who is written back is not listed, and does not count when an UNDO comes', async () => {
  const seams = virtualSeams({ now: start + 10, seed: 1 })
  const ports = openMemory(createMemoryStorage({ partitions: 1 }), seams)
  const api = createApi(ports, seams)
  // So many that they are in the member table, and not in the group's row.
  const others = Array.from({ length: 9 }, (_, i) => `ben-${i}`)
  await fold(ports, seams, event('ann', 1, 'ADD'), ...others.map((actor, i) => event(actor, 2 + i, 'ADD')))
  const shown = async () => {
    const page = await api.reader.page('carol', { after: null, limit: 10, types: null, locale: null })
    const [group] = page.groups
    assert.ok(group)
    const actors = await api.reader.actors('carol', group.group_id, null, 10)
    return { groupId: group.group_id, count: group.actor_count, actors: actors?.actors.map((actor) => actor.id) }
  }
  const { groupId } = await shown()
  const left = { groupId, count: others.length, actors: others.toReversed() }
  const [late = []] = await ports.members.registers([{ user: 'carol', groupId, actors: ['ann'] }])
  assert.equal(late.length, 1)
  await fold(ports, seams, { kind: 'actor_erased', user: 'carol', actor: 'ann', groupId })

  await ports.members.put([{ user: 'carol', groupId, registers: late }])
  assert.deepEqual(await shown(), left)
  await fold(ports, seams, event('ann', 20, 'UNDO'))
  assert.deepEqual(await shown(), left)
})

/** By a worker that remembers nothing. */
async function fold(ports: Ports, seams: VirtualSeams, ...values: LogValue[]): Promise<void> {
  const worker = new TestWorker(ports, seams)
  await ports.log.append(values)
  await passUntil(seams, 'it is folded', () => isDone(ports.log))
  let isOver = false
  void worker.stop().finally(() => {
    isOver = true
  })
  await passUntil(seams, 'the worker ends', () => isOver)
}

const event = (actor: string, at: number, op: 'ADD' | 'UNDO'): LogValue => ({
  kind: 'event',
  event: {
    eventId: derivedUuidV7(start + at, `${actor} ${op}`),
    eventType: 'LIKE',
    verb: '',
    actor,
    targetUser: 'carol',
    objectType: 'POST',
    objectId: 'p1',
    metadata: {},
    createdAt: start + at,
    op,
  },
})
