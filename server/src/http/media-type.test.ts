import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApp } from './app-for-tests.ts'
import { addAllRoutes, testFeatures } from './features-for-tests.ts'

for (const [method, url, types] of [
  ['POST', '/v1/tokens', ['application/json']],
  [
    'POST',
    '/v1/events',
    [
      'application/json',
      'application/vnd.headwater.event+avro',
      'application/vnd.headwater.events+avro',
      'application/cloudevents+json',
      'application/cloudevents-batch+json',
    ],
  ],
] as const) {
  test(`415 names the types that ${method} ${url} takes`, async () => {
    await using app = await testApp((routes, dependencies) => addAllRoutes(routes, testFeatures(0), dependencies))
    for (const headers of [{ 'content-type': 'text/plain' }, { 'content-type': '' }]) {
      const answer = await app.request({ method, url, headers, payload: 'a' })
      const { code, detail } = answer.json()
      assert.deepEqual([answer.statusCode, code, detail], [415, 'unsupported_media_type', `Send ${types.join(', ')}.`])
    }
  })
}

test('a coding that is not taken is told as such', async () => {
  await using app = await testApp((routes, dependencies) => addAllRoutes(routes, testFeatures(0), dependencies))
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
  const answer = await app.request({ method: 'POST', url: '/v1/tokens', headers, payload: 'a' })
  assert.deepEqual([answer.statusCode, answer.json().detail], [415, 'Bodies are taken without a Content-Encoding.'])
})
