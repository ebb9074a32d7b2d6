import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ActivityGroup } from '@headwater/protocol'
import fc from 'fast-check'
import type { ActivitiesStore } from './activities.ts'
import { createClient } from './client.ts'
import { comparePlaces } from './group-list.ts'
import { FakeServer } from './testing/fake-server.ts'
import { settle, VirtualWorld } from './testing/virtual.ts'

/**
 * A whole client against a whole (small) server, under everything that a day brings: events, marks here and on other
 * devices, removals, paging, filters, lost connections, lost replies, slow answers. When it becomes quiet, the client
 * shows what the server has.
 */

type Step =
  | { readonly do: 'event'; readonly group: number; readonly at: number; readonly comment: boolean }
  | { readonly do: 'remove' | 'markElsewhere' | 'mark' | 'removeHere'; readonly group: number; readonly seen: boolean }
  | { readonly do: 'markAll' | 'markAllElsewhere'; readonly seen: boolean }
  | { readonly do: 'load' | 'more' | 'cut' | 'tooFar' | 'newEpoch' | 'failing' | 'losing' | 'healthy' | 'reconnect' }
  | { readonly do: 'filter'; readonly types: readonly ('LIKE' | 'COMMENT')[] }
  | { readonly do: 'wait'; readonly ms: number }

const group = fc.nat(30)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('event' as const), group, at: fc.nat(5), comment: fc.boolean() }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('remove' as const, 'markElsewhere' as const, 'mark' as const, 'removeHere' as const),
      group,
      seen: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('markAll' as const, 'markAllElsewhere' as const), seen: fc.boolean() }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...([
          'load',
          'more',
          'more',
          'cut',
          'tooFar',
          'newEpoch',
          'failing',
          'losing',
          'healthy',
          'reconnect',
        ] as const),
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('filter' as const), types: fc.subarray(['LIKE', 'COMMENT'] as const) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 7, 30, 200, 5_000) }) },
)

const essence = (groups: readonly ActivityGroup[]) =>
  groups.map(
    (g) =>
      `${g.group_id} ${g.seq} ${g.summary} ${g.is_read ? 'read' : ''} ${g.is_seen ? 'seen' : ''} ${g.new_actor_count}`,
  )

/** What holds at every moment: order, no group twice, the filter, and no group that turns back to an older state. */
function watch(activities: ActivitiesStore, server: FakeServer): void {
  const newest = new Map<string, number>()
  let epoch = server.stream.epoch
  let last = activities.getSnapshot()
  activities.subscribe(() => {
    const state = activities.getSnapshot()
    assert.notEqual(state, last, 'told of a change without one')
    last = state
    if (epoch !== server.stream.epoch) newest.clear()
    epoch = server.stream.epoch
    const { groups, filter } = state
    assert.deepEqual(groups, [...groups].sort(comparePlaces))
    assert.equal(new Set(groups.map((g) => g.group_id)).size, groups.length)
    assert.ok(state.unreadCount >= 0 && state.unseenCount >= 0)
    for (const { group_id, event_type, seq } of groups) {
      assert.ok(!filter || filter.includes(event_type), 'a group of another type')
      assert.ok(seq >= (newest.get(group_id) ?? 0), `${group_id} turned back to ${seq}`)
      newest.set(group_id, seq)
    }
  })
}

async function play(steps: readonly Step[], seed: number): Promise<void> {
  const world = new VirtualWorld(seed)
  const server = new FakeServer(world)
  server.latencyMs = () => 1 + Math.floor(world.seams.random.next() * 60)
  const name = (n: number) => `g${n}`
  const emit = (n: number, at: number, comment: boolean) =>
    server.stream.event(name(n), 1_000 + at, comment ? 'COMMENT' : 'LIKE')
  for (let n = 0; n < 12; n++) emit(n, n % 5, n % 3 === 0)
  const { activities } = createClient({
    url: 'http://test',
    token: 't',
    fetch: server.fetch,
    WebSocket: server.sockets.Constructor,
    seams: world.seams,
    activities: { pageSize: 4, maxGroups: 10 },
  })
  watch(activities, server)
  const quietly = (promise: Promise<unknown>) => void promise.catch(() => {})
  const run: { [K in Step['do']]: (step: Extract<Step, { do: K }>) => void } = {
    event: ({ group, at, comment }) => emit(group, at, comment),
    remove: ({ group }) => void server.stream.remove(name(group)),
    markElsewhere: ({ group, seen }) => void server.stream.mark(seen ? 'seen' : 'read', { group_ids: [name(group)] }),
    mark: ({ group, seen }) => quietly(seen ? activities.markSeen([name(group)]) : activities.markRead([name(group)])),
    removeHere: ({ group }) => quietly(activities.remove(name(group))),
    markAll: ({ seen }) => quietly(seen ? activities.markAllSeen() : activities.markAllRead()),
    markAllElsewhere: ({ seen }) => void server.stream.mark(seen ? 'seen' : 'read', { all: true }),
    load: () => quietly(activities.load()),
    more: () => quietly(activities.loadMore()),
    cut: () => {
      for (const socket of server.sockets.all) socket.cut()
    },
    tooFar: () => {
      server.oldestSeq = server.stream.seq
      for (const socket of server.sockets.all) socket.cut()
    },
    newEpoch: () => {
      server.stream.epoch += '+'
      for (const socket of server.sockets.all) socket.cut()
    },
    failing: () => {
      server.intercept = () => (world.seams.random.next() < 0.5 ? { status: 503 } : undefined)
    },
    losing: () => {
      server.losesReplies = () => world.seams.random.next() < 0.5
    },
    healthy: () => {
      server.intercept = () => undefined
      server.losesReplies = () => false
    },
    reconnect: () => {
      activities.close()
      quietly(activities.connect())
    },
    filter: ({ types }) => quietly(activities.setFilter(types)),
    wait: () => {},
  }
  quietly(activities.connect())
  for (const each of steps) {
    ;(run[each.do] as (step: Step) => void)(each)
    server.flush()
    await world.run(each.do === 'wait' ? each.ms : 0)
  }
  run.healthy({ do: 'healthy' } as never)
  await world.run(120_000)
  server.flush()
  await world.run(1_000)

  const state = activities.getSnapshot()
  const expected = server.stream.groups(state.filter)
  assert.equal(state.connection, 'online')
  assert.equal(state.status, 'ready')
  assert.deepEqual(essence(state.groups), essence(expected.slice(0, state.groups.length)))
  assert.equal(state.hasMore, state.groups.length < expected.length)
  assert.deepEqual(
    { unread: state.unreadCount, unseen: state.unseenCount },
    { unread: server.stream.counts.unread_count, unseen: server.stream.counts.unseen_count },
  )
  while (activities.getSnapshot().hasMore) {
    const more = activities.loadMore()
    await world.run(2_000)
    await more
  }
  assert.deepEqual(essence(activities.getSnapshot().groups), essence(expected))
  activities.close()
  await settle()
  await world.run(60_000)
  assert.equal(world.timers, 0, 'no timer is left')
  assert.equal(world.listeners, 0, 'nothing listens to the page')
}

test('whatever happens on the way, in the end the client shows what the server has', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1 }), play), {
    numRuns: Number(process.env.RUNS ?? 200),
  })
})
