import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { BeginOutcome, IdempotencyKey, IdempotencyStore, StoredAnswer } from '../ports/idempotency-store.ts'
import { defineSuite } from './frame.ts'

const leaseMs = 30_000

export const idempotencyStoreSuite = defineSuite<IdempotencyStore>('idempotency-store', {
  promises: {
    'Of several `begin`s of one key one is told `started`; it is durable before it is told.': async (t) => {
      const [store, other] = [await t.open(), await t.open()]
      for (let round = 0; round < 10; round++) {
        const key = keyOf(t.user())
        const outcomes = await Promise.all(
          Array.from({ length: 8 }, (_, n) => (n % 2 ? store : other).begin(key, 'h', 1_000, leaseMs)),
        )
        const kinds = outcomes.map(({ outcome }) => outcome).toSorted()
        assert.deepEqual(kinds, [...Array(7).fill('running'), 'started'])
      }
      const key = keyOf(t.user())
      assert.deepEqual(await store.begin(key, 'h', 5_000, leaseMs), { outcome: 'started', startedAt: 5_000 })
      for (const part of ['principal', 'route', 'key'] as const) {
        const neighbour = { ...key, [part]: `${key[part]}x` }
        assert.equal(
          (await store.begin(neighbour, 'h', 5_000, leaseMs)).outcome,
          'started',
          `another ${part} is another key`,
        )
      }
      const again = await t.reopen(store)
      assert.equal((await again.begin(key, 'h', 5_001, leaseMs)).outcome, 'running')
    },

    'A begin with another body is told `reused`; one while the first runs `running`; one after it ended gets its answer.':
      async (t) => {
        const [store, other] = [await t.open(), await t.open()]
        const key = keyOf(t.user())
        await store.begin(key, 'h', 1_000, leaseMs)
        const running = await other.begin(key, 'h', 1_500, leaseMs)
        assert(running.outcome === 'running')
        assert(running.retryAfterMs > 0 && running.retryAfterMs <= leaseMs)
        assert.deepEqual(await other.begin(key, 'other', 1_500, leaseMs), { outcome: 'reused' })
        await store.complete(key, answer)
        const answered = { outcome: 'answered', answer } as const
        assert.deepEqual(await other.begin(key, 'h', 2_000, leaseMs), answered)
        assert.deepEqual(await other.begin(key, 'other', 2_000, leaseMs), { outcome: 'reused' })
        const again = await t.reopen(store)
        assert.deepEqual(
          await again.begin(key, 'h', 1_000 + 10 * leaseMs, leaseMs),
          answered,
          'an answer outlives the lease',
        )
      },

    'A run that ended without an answer, or whose lease passed, may be begun again, with the `startedAt` of the first.':
      async (t) => {
        const [store, other] = [await t.open(), await t.open()]
        const [given, late] = [keyOf(t.user()), keyOf(t.user())]
        await store.begin(given, 'h', 1_000, leaseMs)
        await store.abandon(given)
        assert.deepEqual(await other.begin(given, 'h', 7_000, leaseMs), { outcome: 'started', startedAt: 1_000 })
        assert.equal((await store.begin(given, 'h', 7_001, leaseMs)).outcome, 'running')

        await store.begin(late, 'h', 1_000, leaseMs)
        assert.equal((await other.begin(late, 'h', 999 + leaseMs, leaseMs)).outcome, 'running')
        const again = await Promise.all([store, other].map((each) => each.begin(late, 'h', 1_001 + leaseMs, leaseMs)))
        assert.deepEqual(again.map(({ outcome }) => outcome).toSorted(), ['running', 'started'])
        assert.deepEqual(
          again.find(({ outcome }) => outcome === 'started'),
          { outcome: 'started', startedAt: 1_000 },
        )
        assert.equal(
          (await store.begin(late, 'h', 1_000 + 2 * leaseMs, leaseMs)).outcome,
          'running',
          'the lease is a new one',
        )
        await store.complete(late, answer)
        assert.deepEqual(await other.begin(late, 'h', 90_000, leaseMs), { outcome: 'answered', answer })
        await other.complete(late, { ...answer, body: 'the answer of the run that was too late' })
        assert.deepEqual(await store.begin(late, 'h', 90_001, leaseMs), { outcome: 'answered', answer })
      },
  },

  also: {
    'A purge forgets what started before it.': async (t) => {
      const store = await t.open()
      const [old, young] = [keyOf(t.user()), keyOf(t.user())]
      for (const [key, now] of [
        [old, 1_000],
        [young, 2_000],
      ] as const) {
        await store.begin(key, 'h', now, leaseMs)
        await store.complete(key, answer)
      }
      await store.purge(2_000)
      const again = await t.reopen(store)
      assert.deepEqual(await again.begin(old, 'other', 3_000, leaseMs), { outcome: 'started', startedAt: 3_000 })
      assert.deepEqual(await again.begin(young, 'h', 3_000, leaseMs), { outcome: 'answered', answer })
    },
  },

  model: async (t) => {
    let store = await t.open()
    const operation = fc.oneof(
      { weight: 5, arbitrary: fc.record({ begin: fc.nat(2), body: fc.constantFrom('h', 'h', 'h', 'other') }) },
      { weight: 1, arbitrary: fc.record({ complete: fc.nat(2) }) },
      { weight: 1, arbitrary: fc.record({ abandon: fc.nat(2) }) },
      { weight: 2, arbitrary: fc.record({ passMs: fc.integer({ min: 1, max: leaseMs }) }) },
      { weight: 1, arbitrary: fc.record({ reopen: fc.constant(true) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (steps) => {
        const keys = [0, 1, 2].map(() => keyOf(t.user()))
        const model = new Map<IdempotencyKey, { startedAt: number; until: number; body: string; done: boolean }>()
        let now = 1_000
        for (const step of steps) {
          if ('begin' in step) {
            const key = keys[step.begin] as IdempotencyKey
            const known = model.get(key)
            const idle = known && !known.done && now > known.until
            // With another body after the run ended without an answer either answer will do: not asked.
            if (idle && known.body !== step.body) continue
            // Nor whether the lease's last millisecond belongs to it.
            if (known && !known.done && now === known.until) continue
            const expected = expectedOf(known, step.body, now)
            const { outcome, ...rest } = await store.begin(key, step.body, now, leaseMs)
            assert.equal(outcome, expected.outcome)
            if (expected.outcome === 'running') continue
            assert.deepEqual({ outcome, ...rest }, expected)
            if (expected.outcome === 'started') {
              model.set(key, { startedAt: expected.startedAt, until: now + leaseMs, body: step.body, done: false })
            }
          } else if ('complete' in step || 'abandon' in step) {
            const key = keys['complete' in step ? step.complete : step.abandon] as IdempotencyKey
            const known = model.get(key)
            if (!known || known.done || now >= known.until) continue
            if ('complete' in step) known.done = true
            else known.until = -1
            await ('complete' in step ? store.complete(key, answer) : store.abandon(key))
          } else if ('passMs' in step) {
            now += step.passMs
          } else store = await t.reopen(store)
        }
      }),
      { numRuns: t.modelRuns },
    )
  },
})

function expectedOf(
  known: { startedAt: number; until: number; body: string; done: boolean } | undefined,
  body: string,
  now: number,
): BeginOutcome {
  if (!known) return { outcome: 'started', startedAt: now }
  if (known.body !== body) return { outcome: 'reused' }
  if (known.done) return { outcome: 'answered', answer }
  if (now < known.until) return { outcome: 'running', retryAfterMs: 0 }
  return { outcome: 'started', startedAt: known.startedAt }
}

const keyOf = (key: string): IdempotencyKey => ({ principal: 'key:main', route: 'POST /v1/events', key })
const answer: StoredAnswer = { status: 202, body: '{"accepted":1,"name":"大学"}', contentType: 'application/json' }
