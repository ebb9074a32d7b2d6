import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { StreamChanges } from '../ports/pub-sub.ts'
import { Bench } from './testing/bench.ts'
import type { FakeClient } from './testing/fake-client.ts'

/**
 * The promise of the gateway: whatever happens to messages, whoever reads slowly, comes or goes, on each socket the chain
 * is unbroken (each client checks that at every frame), and in the end each client shows what a fresh page shows, unless
 * it was told to read one.
 */
type Step =
  | { readonly do: 'add' | 'hide'; readonly object: string; readonly step: number }
  | { readonly do: 'read' | 'seen'; readonly objects: readonly string[] | null }
  | { readonly do: 'deliver' | 'lose' | 'keep' | 'repeat' }
  | { readonly do: 'open' | 'reopen' | 'stop' | 'go' | 'lost'; readonly client: number }
  | { readonly do: 'turn' | 'beat' | 'gap' | 'down' | 'up' | 'lag' }

const object = fc.constantFrom('a', 'b', 'c', 'd')
const client = fc.nat(3)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('add' as const), object, step: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('hide' as const), object, step: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('read' as const, 'seen' as const),
      objects: fc.option(fc.uniqueArray(object, { minLength: 1 })),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('deliver' as const, 'deliver' as const, 'lose' as const, 'keep' as const, 'repeat' as const),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('open' as const, 'reopen' as const, 'stop' as const, 'go' as const, 'lost' as const),
      client,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'turn' as const,
        'beat' as const,
        'gap' as const,
        'down' as const,
        'up' as const,
        'lag' as const,
      ),
    }),
  },
)

const user = 'carol'

async function run(steps: readonly Step[], changesMax: number): Promise<void> {
  await using bench = new Bench({ outboundFrames: 6 })
  bench.stream.changesMax = changesMax
  const clients = new Map<number, FakeClient>()
  const kept: StreamChanges[] = []

  const open = (index: number, resume: boolean): void => {
    const old = clients.get(index)
    if (old && old.session.phase !== 'ended') old.session.lost()
    const next = bench.open()
    clients.set(index, next)
    if (resume && old) {
      next.hasPage = true
      next.groups = old.groups
      next.resets = old.resets
      next.say({ type: 'auth', token: user, resume: { epoch: 'e1', seq: old.position } })
    } else {
      const page = bench.stream.page(user)
      next.show(page)
      next.say({ type: 'auth', token: user, resume: { epoch: 'e1', seq: page.badge.upTo } })
    }
  }
  /** As a real client does: after a reset it reads the list anew. */
  const rereadAfterReset = (): void => {
    for (const each of clients.values()) {
      if (each.resets > 0) each.show(bench.stream.page(user))
      each.resets = 0
    }
  }

  for (const one of steps) {
    switch (one.do) {
      case 'add':
        bench.stream.add(user, one.object, one.step)
        break
      case 'hide':
        bench.stream.hide(user, one.object, one.step)
        break
      case 'read':
      case 'seen':
        bench.stream.mark(user, one.do, one.objects)
        break
      case 'deliver':
        await bench.pubSub.publish([bench.stream.tell(user)])
        break
      case 'lose':
        bench.stream.tell(user)
        break
      case 'keep':
        kept.push(bench.stream.tell(user))
        break
      case 'repeat':
        await bench.pubSub.publish(kept.toReversed())
        break
      case 'open':
      case 'reopen':
        open(one.client, one.do === 'reopen')
        break
      case 'lost':
        clients.get(one.client)?.session.lost()
        break
      case 'stop':
        for (const each of [clients.get(one.client)]) if (each) each.writable = false
        break
      case 'go':
        clients.get(one.client)?.drain()
        break
      case 'turn':
        await null
        break
      case 'beat':
        await bench.settle()
        bench.seams.time.advance(1_000)
        break
      case 'gap':
        bench.pubSub.gap()
        break
      case 'down':
        bench.stream.failure = new Error('down')
        break
      case 'up':
        bench.stream.failure = null
        bench.stream.lag = 0
        break
      case 'lag':
        bench.stream.lag = 2
    }
    rereadAfterReset()
  }

  // Quiet again: nothing is down, everybody reads, and a heartbeat passes.
  bench.stream.failure = null
  bench.stream.lag = 0
  for (const each of clients.values()) each.drain()
  await bench.pass(26_000)
  for (const [index, each] of clients) if (each.closed) open(index, true)
  await bench.pass(26_000)
  rereadAfterReset()

  const { groups, badge } = bench.stream.page(user)
  const shown = (
    list: Iterable<{ group_id: string; seq: number; actor_count: number; is_read: boolean; is_seen: boolean }>,
  ) =>
    [...list]
      .map(({ group_id, seq, actor_count, is_read, is_seen }) => ({ group_id, seq, actor_count, is_read, is_seen }))
      .sort((a, b) => (a.group_id < b.group_id ? -1 : 1))
  for (const each of clients.values()) {
    if (each.session.phase !== 'live') continue
    assert.equal(each.position, badge.upTo)
    assert.deepEqual(shown(each.groups.values()), shown(groups))
    assert.deepEqual([each.counts.unread, each.counts.unseen], [badge.unread, badge.unseen])
  }
}

test('I4 the chain is never broken, and every client ends with the truth or a reset', async () => {
  const steps = fc.array(step, { minLength: 5, maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(3, 500), async (list, changesMax) => {
      await run([{ do: 'open', client: 0 }, ...list], changesMax)
    }),
    { numRuns: 200 },
  )
})
