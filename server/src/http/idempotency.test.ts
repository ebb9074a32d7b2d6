import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { HeadwaterError } from '../lib/error.ts'
import type { IdempotencyStore } from '../ports/idempotency-store.ts'
import type { App } from './app.ts'
import { memoryIdempotency, type TestApp, testApp } from './app-for-tests.ts'
import { Exactly } from './schemas.ts'

/** A route that counts how often it ran and answers what the body asks for. */
function counting() {
  const runs: { seed: string | undefined; startedAt: number | undefined }[] = []
  const gate = Promise.withResolvers<void>()
  const addRoutes = (app: App) => {
    const body = Exactly({ status: Type.Integer({ minimum: 200 }), wait: Type.Optional(Type.Boolean()) })
    for (const url of ['/v1/runs', '/v1/others']) {
      app.post(url, { config: { access: 'any' }, schema: { body } }, async (request, reply) => {
        runs.push({ seed: request.idempotency?.seed, startedAt: request.idempotency?.startedAt })
        if (request.body.wait) await gate.promise
        if (request.body.status === 409) throw new HeadwaterError('idempotency_in_progress')
        if (request.body.status === 404) throw new HeadwaterError('not_found')
        if (request.body.status === 204) return reply.code(204).send()
        return reply.code(request.body.status).send({ run: runs.length })
      })
    }
  }
  return { runs, addRoutes, open: gate.resolve }
}

const post = (app: TestApp, payload: object, headers: Record<string, string> = {}, url = '/v1/runs') =>
  app.request({ method: 'POST', url, payload, headers: { 'idempotency-key': 'k1', ...headers } })

for (const [status, body] of [
  [200, '{"run":1}'],
  [201, '{"run":1}'],
  [204, ''],
  [404, ''],
  [400, ''],
] as const) {
  test(`a repeated request gets the same ${status} and runs once`, async () => {
    const { runs, addRoutes } = counting()
    await using app = await testApp(addRoutes)
    const payload = status === 400 ? { status: 'x' } : { status }
    const first = await post(app, payload)
    const second = await post(app, payload)
    assert.equal(first.statusCode, status)
    if (body) assert.equal(first.body, body)
    assert.equal(first.headers['idempotency-replayed'], undefined)
    assert.deepEqual(
      [second.statusCode, second.body, second.headers['content-type'], second.headers['idempotency-replayed']],
      [status, first.body, first.headers['content-type'], 'true'],
    )
    assert.equal(runs.length, status === 400 ? 0 : 1)
  })
}

for (const status of [409, 500, 503]) {
  test(`${status} is not kept: the request runs again, from the same seed`, async () => {
    const { runs, addRoutes } = counting()
    await using app = await testApp(addRoutes)
    await post(app, { status })
    app.seams.time.advance(5_000)
    const second = await post(app, { status })
    assert.deepEqual([second.statusCode, second.headers['idempotency-replayed']], [status, undefined])
    assert.equal(runs.length, 2)
    assert.deepEqual(runs[0], runs[1])
    assert.notEqual(runs[0]?.seed, undefined)
  })
}

test('another body under the same key is refused', async () => {
  const { runs, addRoutes } = counting()
  await using app = await testApp(addRoutes)
  await post(app, { status: 200 })
  const second = await post(app, { status: 201 })
  assert.deepEqual([second.statusCode, second.json().code], [422, 'idempotency_key_reused'])
  assert.equal(runs.length, 1)
})

test('the same body in other spacing is the same body', async () => {
  const { runs, addRoutes } = counting()
  await using app = await testApp(addRoutes)
  await post(app, { status: 200 })
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'k1' }
  const second = await app.request({ method: 'POST', url: '/v1/runs', payload: ' {"status" : 200}', headers })
  assert.equal(second.headers['idempotency-replayed'], 'true')
  assert.equal(runs.length, 1)
})

test('parameters behind the type say nothing new', async () => {
  const { runs, addRoutes } = counting()
  await using app = await testApp(addRoutes)
  await post(app, { status: 200 }, { 'content-type': 'application/json' })
  for (const type of [
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'application/json; charset=utf8; version=1',
    'application/json; ',
  ]) {
    const again = await post(app, { status: 200 }, { 'content-type': type })
    assert.deepEqual([again.statusCode, again.headers['idempotency-replayed']], [200, 'true'], type)
  }
  assert.equal(runs.length, 1)
})

test('a request that still runs is not started twice', async () => {
  const { runs, addRoutes, open } = counting()
  await using app = await testApp(addRoutes)
  const first = post(app, { status: 200, wait: true })
  while (runs.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const second = await post(app, { status: 200, wait: true })
  assert.deepEqual([second.statusCode, second.json().code], [409, 'idempotency_in_progress'])
  assert.equal(second.headers['retry-after'], '1')
  open()
  assert.equal((await first).statusCode, 200)
  assert.equal((await post(app, { status: 200, wait: true })).headers['idempotency-replayed'], 'true')
})

test('keys belong to one principal and one route', async () => {
  const { runs, addRoutes } = counting()
  await using app = await testApp(addRoutes)
  await post(app, { status: 200 })
  await post(app, { status: 200 }, {}, '/v1/others')
  await post(app, { status: 200 }, { 'x-user-id': 'alice' })
  await post(app, { status: 200 }, { 'x-user-id': 'bob' })
  assert.equal(runs.length, 4)
  assert.equal(new Set(runs.map(({ seed }) => seed)).size, 4)
  await post(app, { status: 200 }, { authorization: `Bearer ${await app.tokenOf('alice')}` })
  assert.equal(runs.length, 4)
})

for (const [name, key] of [
  ['empty', ''],
  ['256 characters', 'k'.repeat(256)],
  ['not ASCII', 'schlüssel'],
] as const) {
  test(`a key that is ${name} is refused`, async () => {
    const { addRoutes } = counting()
    await using app = await testApp(addRoutes)
    const answer = await post(app, { status: 200 }, { 'idempotency-key': key })
    assert.deepEqual([answer.statusCode, answer.json().errors[0].path], [400, 'Idempotency-Key'])
  })
}

test('a store that is down refuses before anything is written', async () => {
  const { runs, addRoutes } = counting()
  const idempotency: IdempotencyStore = { ...memoryIdempotency(), begin: () => Promise.reject(new Error('down')) }
  await using app = await testApp(addRoutes, { idempotency })
  const answer = await post(app, { status: 200 })
  assert.deepEqual([answer.statusCode, answer.json().code, runs.length], [503, 'store_unavailable', 0])
  assert.ok(answer.headers['retry-after'])
})

test('an answer that could not be kept is sent all the same', async () => {
  const { addRoutes } = counting()
  const idempotency: IdempotencyStore = { ...memoryIdempotency(), complete: () => Promise.reject(new Error('down')) }
  await using app = await testApp(addRoutes, { idempotency })
  assert.equal((await post(app, { status: 200 })).statusCode, 200)
})
