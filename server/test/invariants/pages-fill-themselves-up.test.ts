// What is deleted and not folded yet lies between what is listed: no page may be shorter for it, or end the list.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemory } from '../../src/engines/memory/open.ts'
import { createMemoryStorage } from '../../src/engines/memory/storage.ts'
import { derivedUuidV7 } from '../../src/lib/uuid.ts'
import { virtualSeams } from '../../src/lib/virtual-seams.ts'
import type { LogValue } from '../../src/model/log-record.ts'
import { createApi, isDone, passUntil, TestWorker } from '../model/world.ts'

const start = Date.UTC(2026, 0, 28)
const count = 40

test('pages are full up to the last one, and hold everything once, though most groups are gone', async () => {
  const seams = virtualSeams({ now: start + count, seed: 1 })
  const ports = openMemory(createMemoryStorage({ partitions: 1 }), seams)
  const api = createApi(ports, seams)
  const worker = new TestWorker(ports, seams)
  await ports.log.append(Array.from({ length: count }, (_, i) => like(i)))
  await passUntil(seams, 'it is folded', () => isDone(ports.log))
  let isOver = false
  void worker.stop().finally(() => {
    isOver = true
  })
  await passUntil(seams, 'the worker ends', () => isOver)

  const { groups } = await api.reader.page('carol', { after: null, limit: 100, types: null, locale: null })
  // Of each five one stays; two are deleted by their user, two because their object is.
  const stays = groups.filter((_, i) => i % 5 === 4).map((group) => group.group_id)
  for (const [i, group] of groups.entries()) {
    if (i % 5 < 2) await api.readState.remove('carol', group.group_id)
    else if (i % 5 < 4) {
      await ports.objects.putTombstone({ objectType: 'POST', objectId: group.object_id }, seams.clock.now())
    }
  }
  for (const limit of [1, 2, 3, 5, 8, 100]) {
    const met: string[] = []
    for (let after: string | null = null; ; ) {
      const page = await api.reader.page('carol', { after, limit, types: null, locale: null })
      met.push(...page.groups.map((group) => group.group_id))
      after = page.next
      if (after === null) break
      assert.equal(page.groups.length, limit, `a short page of ${limit}`)
    }
    assert.deepEqual(met, stays, `by ${limit}`)
  }
})

const like = (i: number): LogValue => ({
  kind: 'event',
  event: {
    eventId: derivedUuidV7(start, `like ${i}`),
    eventType: 'LIKE',
    verb: '',
    actor: 'ann',
    targetUser: 'carol',
    objectType: 'POST',
    objectId: `p${i}`,
    metadata: {},
    createdAt: start + i,
    op: 'ADD',
  },
})
