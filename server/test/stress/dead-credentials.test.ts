// A crowd whose tokens are no good any more. Each is told so with a code that says not to come back with the same
// token, no store is asked, and those whose tokens are good do not notice.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from './testing/eventually.ts'
import { Fleet } from './testing/fleet.ts'
import { assertBaseline, atBaseline } from './testing/leaks.ts'
import { chance, length, patience, report } from './testing/lengths.ts'
import { StressedServer } from './testing/stressed-server.ts'

const crowd = length(600, 2_000)
const hourMs = 3_600_000

test('a storm with dead credentials', patience, async (t) => {
  await using server = await StressedServer.start()
  const before = await atBaseline(server)
  using good = new Fleet(server, chance())
  for (let i = 0; i < 50; i++) good.add(`good-${i}`)
  await good.live()
  await server.http.call('POST', '/v1/tokens/revoke', { body: { user_id: 'revoked' } })
  const reads = await server.metric('headwater_store_reads_total')
  const { cpuMs } = await server.resources()
  const started = performance.now()

  using dead = new Fleet(server, chance())
  const tokens = [
    { token: server.token('expired', { issuedAtMs: Date.now() - 2 * hourMs, ttlS: 3_600 }), code: 4502 },
    { token: `${server.token('forged').slice(0, -4)}AAAA`, code: 4501 },
    { token: server.token('revoked', { issuedAtMs: Date.now() - hourMs }), code: 4503 },
  ]
  const expected = new Map(
    Array.from({ length: crowd }, (_, i) => {
      const { token, code } = tokens[i % tokens.length] as (typeof tokens)[number]
      return [dead.add(`dead-${i}`, { token }), code] as const
    }),
  )
  await eventually('everybody is told', () => dead.clients.every(({ ends }) => ends.length > 0))
  const ms = performance.now() - started
  const spentMs = (await server.resources()).cpuMs - cpuMs
  const asked = (await server.metric('headwater_store_reads_total')) - reads
  for (const [client, code] of expected) assert.deepEqual([client.ends, client.hellos], [[code], 0])
  assert.ok(asked <= ms / 1_000 + 5, `${asked} reads`)
  for (const { ends, faults } of good.clients) assert.deepEqual([ends, faults], [[], []])
  report(t, { refused: crowd, 'in ms': ms, 'CPU ms each': spentMs / crowd, reads: asked })
  good.leave()
  await assertBaseline(server, before)
})
