import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { UsedTickets } from '../ports/used-tickets.ts'
import { defineSuite } from './frame.ts'

const ttlMs = 60_000

export const usedTicketsSuite = defineSuite<UsedTickets>('used-tickets', {
  promises: {
    'A ticket is used once, whichever server it is shown to.': async (t) => {
      const [one, other] = [await t.open(), await t.open()]
      const [first, second] = [t.user(), t.user()]
      assert.equal(await one.use(first, ttlMs), true)
      assert.deepEqual([await one.use(first, ttlMs), await other.use(first, ttlMs)], [false, false])
      assert.deepEqual([await other.use(second, ttlMs), await one.use(second, ttlMs)], [true, false])
    },

    'Of many who show it at the same time one alone is let in.': async (t) => {
      const servers = [await t.open(), await t.open(), await t.open()]
      for (let round = 0; round < 20; round++) {
        const ticket = t.user()
        const answers = await Promise.all([...servers, ...servers].map((server) => server.use(ticket, ttlMs)))
        assert.equal(answers.filter((isFirst) => isFirst).length, 1)
      }
    },
  },

  model: async (t) => {
    const servers = [await t.open(), await t.open()]
    const tickets = Array.from({ length: 200 }, () => t.user())
    const used = new Set<string>()
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(servers.length - 1), fc.nat(tickets.length - 1)), { maxLength: 20 }),
        async (shown) => {
          for (const [server, n] of shown) {
            const ticket = tickets[n] as string
            assert.equal(await servers[server]?.use(ticket, ttlMs), !used.has(ticket))
            used.add(ticket)
          }
        },
      ),
      { numRuns: t.modelRuns },
    )
  },
})
