import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { InjectOptions } from 'fastify'
import { createIngest } from '../activity/ingest.ts'
import { openMemory } from '../engines/memory/open.ts'
import { createMemoryStorage } from '../engines/memory/storage.ts'
import { HeadwaterError } from '../lib/error.ts'
import { virtualSeams } from '../lib/virtual-seams.ts'
import { createSingleObjectWriter } from '../model/avro-single-object.ts'
import { eventV2 } from '../model/event-schema.ts'
import { memoryIdempotency, testApp } from './app-for-tests.ts'
import { addEventRoutes } from './events.ts'

const like = { event_type: 'LIKE', actor_id: 'alice', target_user_id: 'carol', object_type: 'POST', object_id: 'p1' }
const wrongLike = { ...like, verb: 'x' }

async function setUp(changes: Parameters<typeof testApp>[1] = {}) {
  const ports = openMemory(createMemoryStorage({ partitions: 1 }), virtualSeams())
  const server = await testApp((app, { seams }) => {
    addEventRoutes(app, { ingest: createIngest(ports, { notifySelf: () => false }, seams) })
  }, changes)
  const send = async (payload: NonNullable<InjectOptions['payload']>, headers: Record<string, string> = {}) => {
    const response = await server.request({ method: 'POST', url: '/v1/events', payload, headers })
    return { status: response.statusCode, headers: response.headers, body: response.json() }
  }
  const logged = async () => {
    const { records } = await ports.log.read(0, 0, 2_000)
    return records.flatMap(({ value }) => (value.kind === 'event' ? [value.event] : []))
  }
  return { ...server, send, logged, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

const json = { 'content-type': 'application/json' }

describe('POST /v1/events with JSON', () => {
  test('takes one event', async () => {
    await using server = await setUp()
    const { status, body } = await server.send(like)
    assert.equal(status, 202)
    assert.deepEqual({ ...body, event_ids: body.event_ids.length }, { accepted: 1, rejected: [], event_ids: 1 })
    assert.equal((await server.logged())[0]?.eventId, body.event_ids[0])
  })

  test('takes the right ones of a batch and says what is wrong with the others', async () => {
    await using server = await setUp()
    const { status, body } = await server.send({ events: [wrongLike, like, { ...like, actorId: 1 }] })
    assert.equal(status, 202)
    assert.equal(body.accepted, 1)
    assert.deepEqual(
      body.rejected.map(({ index, code }: { index: number; code: string }) => [index, code]),
      [
        [0, 'verb_not_allowed'],
        [2, 'unknown_field'],
      ],
    )
    assert.match(body.rejected[1].detail, /"actor_id"/)
    assert.deepEqual([body.event_ids[0], typeof body.event_ids[1], body.event_ids[2]], [null, 'string', null])
    assert.deepEqual(Object.keys(body).sort(), ['accepted', 'event_ids', 'rejected'])
  })

  test('refuses before it looks at the body when there is too much to do', async () => {
    const full = new HeadwaterError('overloaded', { retryAfterS: 2 })
    const checkRoom = () => {
      throw full
    }
    await using server = await testApp((app) => {
      addEventRoutes(app, { ingest: { submitItems: () => assert.fail(), checkRoom, trace: () => assert.fail() } })
    })
    const response = await server.request({ method: 'POST', url: '/v1/events', payload: '{ not JSON', headers: json })
    assert.deepEqual([response.statusCode, response.json().code], [503, 'overloaded'])
    assert.equal(response.headers['retry-after'], '2')
  })

  test('refuses a single event that is wrong, and a batch in which nothing is right', async () => {
    await using server = await setUp()
    for (const [payload, indexes, path] of [
      [wrongLike, [0], 'verb'],
      [{ events: [wrongLike, wrongLike] }, [0, 1], 'events[0].verb'],
    ] as const) {
      const { status, headers, body } = await server.send(payload)
      assert.equal(status, 400)
      assert.match(String(headers['content-type']), /^application\/problem\+json/)
      assert.equal(body.code, 'invalid_request')
      assert.deepEqual(
        body.rejected.map((one: { index: number }) => one.index),
        indexes,
      )
      assert.deepEqual([body.rejected[0].code, body.errors[0].path], ['verb_not_allowed', path])
    }
    assert.equal((await server.logged()).length, 0)
  })

  const bodies: readonly (readonly [string, string, string])[] = [
    ['an empty list', '{"events":[]}', 'too_short'],
    ['a list that is none', '{"events":{}}', 'invalid_type'],
    ['too many events', JSON.stringify({ events: Array.from({ length: 1_001 }, () => like) }), 'too_long'],
    ['fields beside the list', JSON.stringify({ events: [like], event: 1 }), 'unknown_field'],
    ['null', 'null', 'invalid_type'],
    ['a number', '5', 'invalid_type'],
    ['a bare list', '[]', 'invalid_type'],
    ['__proto__', '{"__proto__":{"events":[]}}', 'forbidden_key'],
  ]
  for (const [name, payload, code] of bodies) {
    test(`refuses ${name}`, async () => {
      await using server = await setUp()
      const { status, body } = await server.send(payload, json)
      assert.deepEqual([status, body.code, body.errors[0].code], [400, 'invalid_request', code])
    })
  }

  test('tells who sends a bare list how several events are sent', async () => {
    await using server = await setUp()
    const { body } = await server.send(JSON.stringify([like]), json)
    assert.equal(body.detail, 'The body is a list; several events are sent as {"events": […]}.')
    assert.equal((await server.logged()).length, 0)
  })

  test('names every field that is missing, one error each, also of one event of several', async () => {
    await using server = await setUp()
    const required = ['event_type', 'actor_id', 'target_user_id', 'object_type', 'object_id']
    const { body } = await server.send({})
    const paths = (errors: readonly { readonly path: string }[]) => errors.map(({ path }) => path)
    assert.deepEqual(paths(body.errors), required)
    assert.deepEqual(body.errors[1], { path: 'actor_id', code: 'required', detail: '"actor_id" is required.' })
    const detail = '"event_type", "actor_id", "target_user_id", "object_type", "object_id" are required.'
    assert.deepEqual([body.detail, body.rejected], [detail, [{ index: 0, code: 'required', detail }]])

    const { object_id: _, object_type: __, ...half } = like
    const { actor_id: ___, ...nearly } = like
    const several = await server.send({ events: [half, nearly] })
    assert.deepEqual(paths(several.body.errors), ['events[0].object_type', 'events[0].object_id', 'events[1].actor_id'])
    assert.deepEqual(
      several.body.rejected.map((one: { detail: string }) => one.detail),
      ['"object_type", "object_id" are required.', '"actor_id" is required.'],
    )
  })

  test('takes a thousand, and a byte order mark', async () => {
    await using server = await setUp()
    const events = Array.from({ length: 1_000 }, (_, n) => ({ ...like, actor_id: `a${n}` }))
    assert.equal((await server.send(`\ufeff${JSON.stringify({ events })}`, json)).body.accepted, 1_000)
  })

  test('refuses what is no JSON, and a body that is not there', async () => {
    await using server = await setUp()
    assert.equal((await server.send('{"events":', json)).body.code, 'invalid_json')
    assert.equal((await server.send(Buffer.from([0x22, 0xff, 0x22]), json)).body.code, 'invalid_json')
    assert.equal((await server.send('', json)).body.code, 'invalid_json')
    assert.equal((await server.send('<a/>', { 'content-type': 'text/xml' })).status, 415)
    const nothing = await server.request({ method: 'POST', url: '/v1/events' })
    assert.deepEqual([nothing.statusCode, nothing.json().code], [400, 'invalid_request'])
  })

  test('is for the API key alone', async () => {
    await using server = await setUp()
    const headers = { authorization: `Bearer ${await server.tokenOf('alice')}` }
    assert.equal((await server.send(like, headers)).status, 403)
  })

  test('with an Idempotency-Key the same request has the same answer', async () => {
    await using server = await setUp()
    const headers = { 'idempotency-key': 'one' }
    const first = await server.send(like, headers)
    const again = await server.send(like, headers)
    assert.deepEqual(again.body, first.body)
    assert.equal(again.headers['idempotency-replayed'], 'true')
    assert.equal((await server.send({ ...like, op: 'UNDO' }, headers)).status, 422)
    assert.equal((await server.logged()).length, 1)
  })
})

test('a request that was cut off before its answer was kept is the same events again', async () => {
  const store = memoryIdempotency()
  const complete = () => Promise.reject(new Error('the server died'))
  await using server = await setUp({ idempotency: { ...store, complete } })
  const headers = { 'idempotency-key': 'one' }
  const first = await server.send({ events: [like, like] }, headers)
  server.seams.time.advance(60_000)
  const again = await server.send({ events: [like, like] }, headers)
  assert.deepEqual([again.status, again.body], [202, first.body])
  const [a, b, c, d] = await server.logged()
  assert.deepEqual([c, d], [a, b])
})

describe('POST /v1/events with Avro', () => {
  const write = createSingleObjectWriter(eventV2)
  const one = (over: object = {}) =>
    Buffer.from(write({ event_id: null, metadata: '{}', created_at: null, op: 'ADD', verb: '', ...like, ...over }))
  const framed = (...values: Buffer[]) =>
    Buffer.concat(values.flatMap((value) => [Buffer.from(Uint32Array.of(value.length).buffer).swap32(), value]))
  const single = { 'content-type': 'application/vnd.headwater.event+avro' }
  const several = { 'content-type': 'application/vnd.headwater.events+avro' }

  test('takes one value, and several behind their lengths', async () => {
    await using server = await setUp()
    assert.equal((await server.send(one({ metadata: { preview: 'Lake' } }), single)).status, 202)
    const { status, body } = await server.send(framed(one(), one({ actor_id: 'a b' }), one().subarray(0, 20)), several)
    assert.equal(status, 202)
    assert.deepEqual(
      body.rejected.map((rejected: { code: string }) => rejected.code),
      ['invalid_id', 'avro_invalid'],
    )
    assert.deepEqual(
      (await server.logged()).map((event) => event.metadata),
      [{ preview: 'Lake' }, {}],
    )
  })

  test('refuses bombs, cut values, foreign schemas and empty bodies', async () => {
    await using server = await setUp()
    const codeOf = async (payload: Buffer, headers: Record<string, string>) => {
      const { status, body } = await server.send(payload, headers)
      assert.deepEqual([status, body.code], [400, 'invalid_request'])
      return body.rejected[0]?.code ?? body.errors[0].code
    }
    assert.equal(await codeOf(Buffer.from('80e1eb1700', 'hex'), single), 'avro_invalid')
    assert.equal(await codeOf(Buffer.concat([one(), Buffer.of(1)]), single), 'avro_invalid')
    assert.equal(await codeOf(Buffer.from(one().with(3, 0)), single), 'avro_unknown_schema')
    assert.equal(await codeOf(framed(one(), one()).subarray(0, -1), several), 'avro_invalid')
    assert.equal(await codeOf(Buffer.alloc(0), several), 'too_short')
    assert.equal(await codeOf(Buffer.alloc(8_000), several), 'too_long')
    assert.equal((await server.logged()).length, 0)
  })

  test('no other route takes it', async () => {
    await using server = await testApp((app) => {
      addEventRoutes(app, {
        ingest: { submitItems: () => assert.fail(), checkRoom: () => {}, trace: () => assert.fail() },
      })
      app.post('/v1/other', { config: { access: 'server', checksBody: true } }, async () => ({}))
    })
    const response = await server.request({ method: 'POST', url: '/v1/other', payload: one(), headers: single })
    assert.equal(response.statusCode, 415)
  })
})

describe('POST /v1/events with CloudEvents', () => {
  const cloud = {
    specversion: '1.0',
    id: 'A-1',
    source: '/shop',
    type: 'liked',
    time: '2026-01-01T00:00:00Z',
    data: like,
  }
  const structured = { 'content-type': 'application/cloudevents+json; charset=utf-8' }
  const batch = { 'content-type': 'application/cloudevents-batch+json' }
  const binary = {
    ...json,
    'ce-specversion': '1.0',
    'ce-id': 'A-1',
    'ce-source': '/shop',
    'ce-type': 'liked',
    'ce-time': '2026-01-01T00:00:00Z',
  }

  test('structured, in a batch and in binary mode mean the same event', async () => {
    await using server = await setUp()
    const answers = [
      await server.send(JSON.stringify(cloud), structured),
      await server.send(JSON.stringify([cloud]), batch),
      await server.send(JSON.stringify(like), binary),
    ]
    assert.deepEqual(
      answers.map(({ status }) => status),
      [202, 202, 202],
    )
    assert.equal(new Set(answers.map(({ body }) => body.event_ids[0])).size, 1)
    const [first, ...others] = await server.logged()
    for (const event of others) assert.deepEqual(event, first)
  })

  test('each of a batch stands alone', async () => {
    await using server = await setUp()
    const { status, body } = await server.send(JSON.stringify([cloud, { ...cloud, specversion: '0.3' }]), batch)
    assert.deepEqual([status, body.accepted, body.rejected[0].code], [202, 1, 'cloudevent_invalid'])
  })

  test('refuses what is none', async () => {
    await using server = await setUp()
    assert.equal((await server.send('{', structured)).body.code, 'invalid_json')
    assert.equal((await server.send('[]', batch)).body.errors[0].code, 'too_short')
    assert.equal((await server.send('{}', structured)).body.rejected[0].code, 'cloudevent_invalid')
    assert.equal((await server.send(JSON.stringify({ events: [like] }), binary)).body.rejected[0].code, 'unknown_field')
    const latin = { 'content-type': 'application/cloudevents+json; charset=latin1' }
    assert.equal((await server.send(JSON.stringify(cloud), latin)).status, 415)
  })
})

describe('GET /v1/events/{event_id}', () => {
  test('tells of an event that was accepted', async () => {
    await using server = await setUp()
    const id = (await server.send({ ...like, metadata: { preview: 'Lake' } })).body.event_ids[0]
    const response = await server.request({ url: `/v1/events/${id}` })
    assert.equal(response.statusCode, 200)
    const { state, event_id, metadata, group_id } = response.json()
    assert.deepEqual([state, event_id, metadata, group_id], ['pending', id, { preview: 'Lake' }, null])
  })

  test('knows no others', async () => {
    await using server = await setUp()
    for (const id of ['019f0000-0000-7abc-8def-0123456789ab', 'nonsense', '%F0%9F%91%8D']) {
      const response = await server.request({ url: `/v1/events/${id}` })
      assert.deepEqual([response.statusCode, response.json().code], [404, 'not_found'])
    }
    const headers = { authorization: `Bearer ${await server.tokenOf('alice')}` }
    assert.equal((await server.request({ url: '/v1/events/x', headers })).statusCode, 403)
  })
})
