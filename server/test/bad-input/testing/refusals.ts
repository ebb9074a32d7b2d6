import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { HttpErrorCode } from '@headwater/protocol'
import { startHeadwater, type TestServer } from '../../../src/testing.ts'
import { like, send } from '../../journeys/testing/calls.ts'
import { type Ask, ask, assertProblem } from './wire.ts'

/** What is sent, and how it is refused: status, code, and the code of the field or item that is to blame. */
export type Refused = readonly [
  name: string,
  request: Ask | ((server: TestServer) => Ask | Promise<Ask>),
  status: number,
  code: HttpErrorCode,
  itemCode?: string,
]

/** Whom bad requests are about: someone with one unread group, and someone whom no request may bring into being. */
export const reader = 'carol'
export const nobody = 'dora'

/** A server with something in it that a bad request could harm. */
export async function inhabited(): Promise<TestServer> {
  const server = await startHeadwater()
  after(() => server.close())
  await server.request('PUT', `/v1/users/${reader}`, { body: { name: 'Carol', properties: { plan: 'pro' } } })
  await send(server, like('ben', reader, 'p1'))
  return server
}

/** All that callers can see of it, and the counters of what was taken in and written. */
export async function visibleState(server: TestServer): Promise<unknown> {
  await server.settle()
  const metrics = await server.request('GET', '/metrics')
  const counters = /^headwater_(?:events_(?!rejected)\w+|group_writes|offline_\w+|log_lag)\w* .*$/gm
  const asked = await Promise.all([
    server.request('GET', '/v1/activities', { user: reader }),
    server.request('GET', '/v1/activities', { user: nobody }),
    server.request('GET', `/v1/users/${reader}`),
    server.request('GET', `/v1/users/${nobody}`),
    server.request('POST', '/v1/presence', { body: { user_ids: [reader, nobody] } }),
  ])
  return [...asked.map(({ status, body }) => [status, body]), String(metrics.body).match(counters)]
}

/** One test for each row: the answer is that of the table, and afterwards everything is as it was. */
export async function refuses(rows: readonly Refused[]): Promise<TestServer> {
  const server = await inhabited()
  const before = await visibleState(server)
  for (const [name, request, status, code, itemCode] of rows) {
    test(`${name}: ${status} ${itemCode ?? code}`, async () => {
      const answer = await ask(server, typeof request === 'function' ? await request(server) : request)
      assertProblem(answer, status, code, itemCode)
      assert.deepEqual(await visibleState(server), before)
    })
  }
  test('nothing has reached the prototype of objects', () => {
    assert.deepEqual(Object.keys(Object.getPrototypeOf({})), [])
    // @ts-expect-error: what the bodies above try to plant
    assert.equal({}.polluted, undefined)
  })
  return server
}
