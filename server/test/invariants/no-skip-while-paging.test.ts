// A walk over pages meets everything that was there all the time exactly once, whatever others write meanwhile.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EventType, eventTypes } from '@headwater/protocol'
import { seededRandom } from '../../src/lib/virtual-seams.ts'
import { startHeadwater, type TestServer } from '../../src/testing.ts'
import { accept, like, page, send, unlike, walk } from '../journeys/testing/calls.ts'
import { steps } from '../journeys/testing/lengths.ts'

const types = eventTypes.slice(0, 4)
const [groupRuns, memberRuns] = [steps(12, 4), steps(15, 5)]

for (const seed of [1, 2, 3]) {
  test(`groups: equal times, random limits and filters, writers in between (seed ${seed})`, async () => {
    await using server = await startHeadwater({ seed, config: { 'activity.flushMs': 0 } })
    const random = seededRandom(seed * 31)
    const pick = (count: number): number => Math.floor(random.next() * count)
    const at = server.now()
    await send(
      server,
      ...Array.from({ length: 150 }, (_, i) =>
        like('ann', 'carol', `p${i}`, { event_type: types[i % 4] ?? 'LIKE', created_at: at - 1_000 - pick(12) }),
      ),
    )
    const all = await walk(server, 'carol')
    for (let run = 0; run < groupRuns; run++) {
      const wanted = types.filter(() => random.next() < 0.5)
      const before = new Set((await walk(server, 'carol')).map((held) => held.group_id))
      const { met, shortPages } = await walkAmong(
        server,
        wanted,
        () => 1 + pick(20),
        () => disturb(run),
      )
      const after = new Set((await walk(server, 'carol')).map((held) => held.group_id))
      const isWanted = (type: EventType) => wanted.length === 0 || wanted.includes(type as (typeof wanted)[0])
      const throughout = all.filter(
        ({ group_id, event_type }) => isWanted(event_type) && before.has(group_id) && after.has(group_id),
      )
      assert.ok(throughout.length > 0)
      assert.equal(new Set(met).size, met.length, `run ${run}: no group twice`)
      for (const { group_id, object_id } of throughout)
        assert.ok(met.includes(group_id), `run ${run}: ${object_id} was skipped`)
      assert.deepEqual(met, [...met].sort(), 'in the order of the list')
      assert.equal(shortPages, 0, 'a page is short at the end alone')
    }

    /** Likes, removals, comings and goings, among the groups that are walked over as well. */
    async function disturb(run: number): Promise<void> {
      const now = server.now()
      await accept(server, [
        like(`actor-${pick(9)}`, 'carol', `p${pick(150)}`, { event_type: types[pick(4)] ?? 'LIKE' }),
        like('ben', 'carol', `new-${run}-${pick(1_000)}`, {
          event_type: types[pick(4)] ?? 'LIKE',
          created_at: now - pick(3_000),
        }),
        unlike('ann', 'carol', `p${pick(150)}`, { event_type: types[pick(4)] ?? 'LIKE', created_at: now }),
      ])
      if (random.next() < 0.1) {
        const victim = all[pick(all.length)]?.group_id
        await server.request('DELETE', `/v1/activities/${victim}`, { user: 'carol' })
      }
      if (random.next() < 0.5) await server.settle()
    }
  })
}

test('members: equal times, random limits, writers in between', async () => {
  await using server = await startHeadwater({ config: { 'activity.flushMs': 0 } })
  const random = seededRandom(77)
  const pick = (count: number): number => Math.floor(random.next() * count)
  const at = server.now()
  const stays = Array.from({ length: 120 }, (_, i) => `stays-${i}`)
  await send(server, ...stays.map((actor) => like(actor, 'carol', 'p1', { created_at: at - pick(5) })))
  const id = (await walk(server, 'carol'))[0]?.group_id ?? ''
  for (let run = 0; run < memberRuns; run++) {
    const met: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const query: string = `?limit=${1 + pick(25)}${cursor && `&cursor=${cursor}`}`
      const { status, body } = await server.request('GET', `/v1/activities/${id}/actors${query}`, { user: 'carol' })
      assert.equal(status, 200)
      met.push(...body.actors.map((actor: { id: string }) => actor.id))
      cursor = body.next_cursor
      await accept(server, [
        like(`comes-${pick(40)}`, 'carol', 'p1', { created_at: at - pick(5) }),
        unlike(`comes-${pick(40)}`, 'carol', 'p1', { created_at: at + pick(3) }),
      ])
      if (random.next() < 0.5) await server.settle()
    }
    const steady = met.filter((actor) => actor.startsWith('stays'))
    assert.deepEqual([...steady].sort(), [...stays].sort(), `run ${run}`)
  }
})

/** One walk, with something done between any two of its pages. */
async function walkAmong(
  server: TestServer,
  filter: readonly EventType[],
  limit: () => number,
  between: () => Promise<void>,
): Promise<{ met: string[]; shortPages: number }> {
  const met: string[] = []
  let shortPages = 0
  for (let cursor: string | null = ''; cursor !== null; ) {
    const size = limit()
    const filtered: string = filter.length > 0 ? `&filter=${filter.join(',')}` : ''
    const shown: Awaited<ReturnType<typeof page>> = await page(
      server,
      'carol',
      `?limit=${size}${filtered}${cursor && `&cursor=${cursor}`}`,
    )
    met.push(...shown.activity_groups.map((held) => held.group_id))
    assert.ok(shown.activity_groups.length <= size)
    if (shown.next_cursor !== null && shown.activity_groups.length < size) shortPages++
    cursor = shown.next_cursor
    await between()
  }
  return { met, shortPages }
}
