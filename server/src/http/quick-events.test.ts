import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { createIngest, type Ingest } from '../activity/ingest.ts'
import { openMemory } from '../engines/memory/open.ts'
import { createMemoryStorage } from '../engines/memory/storage.ts'
import { HeadwaterError, UnknownOutcome } from '../lib/error.ts'
import { createUuidV7 } from '../lib/uuid.ts'
import { virtualSeams } from '../lib/virtual-seams.ts'
import { apiKey, testApp } from './app-for-tests.ts'
import { addEventRoutes } from './events.ts'
import { type ExactAnswer, exactAnswer } from './testing/exact-answer.ts'

type Headers = Readonly<Record<string, string>>

const plain = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }
/** A header that nobody knows leaves a request to the framework. */
const slow = { 'x-something-else': '1' }

const seams = virtualSeams()
const newId = createUuidV7(seams.clock, seams.random)
const like = () => ({
  event_id: newId(),
  event_type: 'LIKE',
  actor_id: 'alice',
  target_user_id: 'carol',
  object_type: 'POST',
  object_id: 'p1',
})
const wrongLike = { ...like(), verb: 'x' }

/** A listening server, which counts what reaches the framework. */
async function setUp(ingest: Partial<Ingest> = {}, changes: Parameters<typeof testApp>[1] = {}) {
  const seen = { byFramework: 0, metered: [] as unknown[] }
  const server = await testApp(
    (app, { seams }) => {
      const ports = openMemory(createMemoryStorage({ partitions: 1 }), virtualSeams())
      app.addHook('onSend', (_request, _reply, payload, done) => {
        seen.byFramework++
        done(null, payload)
      })
      addEventRoutes(app, { ingest: { ...createIngest(ports, { notifySelf: () => false }, seams), ...ingest } })
    },
    {
      ...changes,
      metrics: {
        observeRequest: (method: string, route: string, status: number) => seen.metered.push([method, route, status]),
      } as never,
    },
  )
  await server.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = server.app.server.address() as AddressInfo
  const post = (body: string | Buffer, headers: Headers = {}, path = '/v1/events'): Promise<ExactAnswer> => {
    const length = headers['transfer-encoding'] ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    return exactAnswer({ port, path, method: 'POST', headers: { ...plain, ...length, ...headers } }, body)
  }
  return { seen, port, post, tokenOf: server.tokenOf, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5))
}

const batchOf = (...events: unknown[]) => JSON.stringify({ events })
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

for (const [name, status, body, headers] of [
  ['one event', 202, JSON.stringify(like()), {}],
  ['several events', 202, batchOf(like(), like()), {}],
  ['some of several that are wrong', 202, batchOf(wrongLike, like(), 7, { ...like(), object_id: '' }), {}],
  [
    'one of several that is too deep',
    202,
    batchOf(like(), { ...like(), metadata: { a: JSON.parse(nested(900)) } }),
    {},
  ],
  ['UTF-8 that is named', 202, batchOf(like()), { 'content-type': 'application/json; charset=utf-8' }],
  ['a byte order mark', 202, `\ufeff${batchOf(like())}`, {}],
  ['texts of other scripts', 202, batchOf({ ...like(), object_id: '大学 👍', metadata: { preview: 'ü' } }), {}],
] as const) {
  test(`${name}: answered without the framework as with it`, async () => {
    await using server = await setUp()
    const quick = await server.post(body, headers)
    assert.equal(server.seen.byFramework, 0)
    const framework = await server.post(body, { ...headers, ...slow })
    assert.equal(server.seen.byFramework, 1)
    assert.deepEqual(quick, framework)
    assert.equal(quick.status, status)
    await until(() => server.seen.metered.length === 2)
    assert.deepEqual(server.seen.metered, [
      ['POST', '/v1/events', status],
      ['POST', '/v1/events', status],
    ])
  })
}

for (const [name, status, body, headers, path] of [
  ['one event that is wrong', 400, JSON.stringify(wrongLike), {}],
  ['several of which none is right', 400, batchOf(wrongLike, {}), {}],
  ['no JSON', 400, '{ not JSON', {}],
  ['no UTF-8', 400, Buffer.from([0x22, 0xff, 0x22]), {}],
  ['no event', 400, 'null', {}],
  ['an empty list', 400, batchOf(), {}],
  ['a list that is too long', 400, batchOf(...Array.from({ length: 1_001 }, () => 1)), {}],
  ['too deep a body', 400, `{"events":${nested(1_000)}}`, {}],
  ['an event that is too deep', 400, batchOf({ ...like(), metadata: { a: JSON.parse(nested(900)) } }), {}],
  ['a field beside the list', 400, JSON.stringify({ events: [like()], x: 1 }), {}],
  ['a body of no bytes', 400, '', {}],
  ['another type', 415, batchOf(like()), { 'content-type': 'text/plain' }],
  ['another charset', 415, batchOf(like()), { 'content-type': 'application/json; charset=latin1' }],
  ['a key that is none', 401, batchOf(like()), { authorization: 'Bearer nonsense' }],
  ['no key', 401, batchOf(like()), { authorization: '' }],
  ['a user who is acted for', 202, batchOf(like()), { 'x-user-id': 'bob' }],
  ['a header of CloudEvents', 400, batchOf(like()), { 'ce-id': '1' }],
  ['a body in chunks', 202, batchOf(like()), { 'transfer-encoding': 'chunked' }],
  ['a parameter', 400, batchOf(like()), {}, '/v1/events?x=1'],
] as const) {
  test(`${name}: left to the framework, with the same answer`, async () => {
    await using server = await setUp()
    const quick = await server.post(body, headers, path)
    assert.equal(server.seen.byFramework, 1)
    assert.deepEqual(quick, await server.post(body, { ...headers, ...slow }, path))
    assert.equal(quick.status, status)
    await until(() => server.seen.metered.length === 2)
  })
}

for (const [name, error, status] of [
  ['too much on its way', new HeadwaterError('overloaded', { retryAfterS: 2 }), 503],
  ['an outcome that is not known', new HeadwaterError('ingest_unavailable', { retryAfterS: 1 }), 503],
  ['a full disk', new HeadwaterError('storage_full'), 503],
  ['an outcome of the store', new UnknownOutcome('the thread ended'), 503],
  ['a mistake of ours', new TypeError('x is undefined'), 500],
] as const) {
  test(`${name}: the same answer, and asked for once`, async () => {
    let asked = 0
    const submitItems = async () => {
      asked++
      throw error
    }
    await using server = await setUp({ submitItems })
    const quick = await server.post(batchOf(like()))
    assert.equal(asked, 1)
    assert.deepEqual(quick, await server.post(batchOf(like()), slow))
    assert.equal(quick.status, status)
  })
}

test('who comes while nothing is taken in is refused before the body is read, and counted once', async () => {
  let asked = 0
  const checkRoom = () => {
    asked++
    throw new HeadwaterError('overloaded', { retryAfterS: 2 })
  }
  await using server = await setUp({ checkRoom, submitItems: () => assert.fail() })
  const quick = await server.post('{ not JSON')
  assert.equal(asked, 1)
  assert.deepEqual(quick, await server.post('{ not JSON', slow))
  assert.deepEqual([quick.status, quick.headers['retry-after']], [503, '2'])
})

test('users may not send events', async () => {
  await using server = await setUp()
  const headers = { authorization: `Bearer ${await server.tokenOf('bob')}` }
  const quick = await server.post(batchOf(like()), headers)
  assert.deepEqual(quick, await server.post(batchOf(like()), { ...headers, ...slow }))
  assert.equal(quick.status, 403)
})

test('the parts that fail are named', async () => {
  await using server = await setUp({}, { failing: () => ['cache'] })
  const body = batchOf(like())
  const quick = await server.post(body)
  assert.equal(server.seen.byFramework, 0)
  assert.deepEqual(quick, await server.post(body, slow))
  assert.deepEqual(JSON.parse(quick.body).degraded, ['cache'])
})

test('where other sites may read, the answer says that it depends on them', async () => {
  await using server = await setUp({}, { settings: { corsOrigins: ['https://app.example.com'] } })
  const body = batchOf(like())
  for (const headers of [{}, { origin: 'https://app.example.com' }]) {
    assert.deepEqual(await server.post(body, headers), await server.post(body, { ...headers, ...slow }))
  }
})

test('where requests of the server are counted, all go the usual way', async () => {
  await using server = await setUp({}, { settings: { apiKeyRequestsPerS: 1, apiKeyRequestBurst: 2 } })
  const statuses = []
  for (let i = 0; i < 3; i++) statuses.push((await server.post(batchOf(like()))).status)
  assert.deepEqual(statuses, [202, 202, 429])
})

test('bodies count while they are under way, however they end', async () => {
  const body = batchOf(like())
  await using server = await setUp({}, { settings: { maxBodyBytesInFlight: 2 * body.length - 1 } })
  const socket = connect(server.port, '127.0.0.1')
  const head = `POST /v1/events HTTP/1.1\r\nhost: a\r\nauthorization: ${plain.authorization}\r\ncontent-type: application/json`
  socket.write(`${head}\r\ncontent-length: ${body.length}\r\n\r\n{`)
  await until(async () => (await server.post(body)).status === 503)
  socket.destroy()
  await once(socket, 'close')
  await until(async () => (await server.post(body)).status === 202)
  for (const other of ['{ not JSON', batchOf(wrongLike)]) {
    for (let i = 0; i < 3; i++) assert.equal((await server.post(other)).status, 400)
  }
  assert.equal((await server.post(body)).status, 202)
})
