// A first page may be kept from one request to the next: it must always be the page that would be made anew.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RenderPage } from '../../src/activity/activity-api.ts'
import { createBadge } from '../../src/activity/badge.ts'
import { KeptPages } from '../../src/activity/kept-pages.ts'
import { createPresent } from '../../src/activity/present.ts'
import { createActivityReader } from '../../src/activity/read.ts'
import { createReadState } from '../../src/activity/read-state.ts'
import { openMemory } from '../../src/engines/memory/open.ts'
import { createMemoryStorage } from '../../src/engines/memory/storage.ts'
import { seededRandom, virtualSeams } from '../../src/lib/virtual-seams.ts'
import { createSummarize } from '../../src/model/summary.ts'
import { tellWrites } from '../../src/wrapped/told-writes.ts'
import { createRandomEvents, pick } from '../model/random-events.ts'
import { isDone, passUntil, TestWorker } from '../model/world.ts'

const start = Date.UTC(2026, 0, 28)
const dayMs = 86_400_000
const retentionMs = 20 * dayMs
const crowd = { users: 2, actors: 5, objects: 4 }

test('whatever is marked, renamed, deleted or closed by time, also before the worker comes to it', async () => {
  let kept = 0
  for (let seed = 1; seed <= 20; seed++) kept += await run(seed)
  assert.ok(kept > 500, `${kept} pages were kept`)
})

/** How often a kept page was given. */
async function run(seed: number): Promise<number> {
  const seams = virtualSeams({ now: start + 13 * dayMs, seed })
  const random = seededRandom(seed * 7_919)
  const pages = new KeptPages(2 ** 20)
  const ports = tellWrites(openMemory(createMemoryStorage({ partitions: 1 }), seams), pages)
  const badge = createBadge(ports, retentionMs, seams)
  const present = createPresent(ports, createSummarize(), seams.clock)
  const reader = createActivityReader(ports, { badge, present, kept: pages }, retentionMs, seams.clock)
  const readState = createReadState(ports, badge, retentionMs, seams.clock)
  const next = createRandomEvents(random, { ...crowd, from: start, spanMs: 12 * dayMs })
  // Some of what the badge counts is on no page.
  const query = { after: null, limit: 3, types: null, locale: null }
  let renders = 0
  let asked = 0
  for (let i = 0; i < 80; i++) {
    await change(`user-${pick(random, crowd.users)}`)
    for (let user = 0; user < crowd.users; user++) {
      for (let again = 0; again < 2; again++) await assertFresh(`user-${user}`)
    }
  }
  return asked - renders

  async function assertFresh(user: string): Promise<void> {
    asked++
    const render: RenderPage = (_, page) => {
      renders++
      return Buffer.from(JSON.stringify(page))
    }
    const bytes = reader.keptPage(user, query) ?? (await reader.firstPage(user, query, render))
    const fresh = await reader.page(user, query)
    assert.equal(Buffer.from(bytes).toString(), JSON.stringify(fresh), `seed ${seed}: the first page of ${user}`)
  }

  async function change(user: string): Promise<void> {
    const chance = random.next()
    const { groups } = await reader.page(user, query)
    const group = groups[pick(random, groups.length)]
    if (chance < 0.3) await fold(1 + pick(random, 3))
    else if (chance < 0.4) await readState.mark(user, chance < 0.35 ? 'read' : 'seen', { all: true, upToSeq: null })
    else if (chance < 0.55 && group) await readState.mark(user, 'read', { groupIds: [group.group_id] })
    else if (chance < 0.7 && group) await readState.remove(user, group.group_id)
    else if (chance < 0.78 && group) {
      const object = { objectType: group.object_type, objectId: group.object_id }
      await ports.objects.putTombstone(object, group.group_created_at)
    } else if (chance < 0.9) {
      const record = { name: `name ${asked}`, avatarUrl: null, locale: null, properties: {} }
      await ports.users.put({ id: `actor-${pick(random, crowd.actors)}`, ...record }, seams.clock.now())
    } else seams.time.advance(pick(random, 2 * dayMs))
  }

  async function fold(events: number): Promise<void> {
    const worker = new TestWorker(ports, seams)
    await ports.log.append(Array.from({ length: events }, () => ({ kind: 'event', event: next() }) as const))
    await passUntil(seams, 'it is folded', () => isDone(ports.log))
    let isOver = false
    void worker.stop().finally(() => {
      isOver = true
    })
    await passUntil(seams, 'the worker ends', () => isOver)
  }
}
