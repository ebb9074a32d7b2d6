import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApp } from './app-for-tests.ts'
import { addStreamRoute } from './stream.ts'

/** Every request takes longer than this. */
const slowRequestMs = -1

test('a request that took long is told of, a stream that was read for long is not', async () => {
  const told: unknown[] = []
  await using app = await testApp(
    (routes) => {
      routes.get('/v1/things', { config: { access: 'any' } }, async () => 'thing')
      addStreamRoute(routes, {
        async handleStream(request, reply) {
          reply.writeHead(request.headers['last-event-id'] === 'bad' ? 503 : 200).end('event: hello\n\n')
        },
      })
    },
    {
      settings: { slowRequestMs },
      log: {
        warn: (fields, text) => told.push([text, (fields as { route: string }).route]),
        error: () => assert.fail('nothing fails'),
      },
    },
  )
  await app.request({ url: '/v1/activities/stream' })
  await app.request({ url: '/v1/things' })
  await app.request({ url: '/v1/activities/stream', headers: { 'last-event-id': 'bad' } })
  assert.deepEqual(told, [
    ['a request was slow', '/v1/things'],
    ['a request was slow', '/v1/activities/stream'],
  ])
})
