import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { startHeadwater, type TestServer } from '../../src/testing.ts'
import { like, send, unlike } from './testing/calls.ts'
import { EventStream } from './testing/event-stream.ts'
import { dial, type Frame, openSocket } from './testing/socket.ts'

interface Reference {
  readonly $ref: string
}

interface Channel {
  readonly address: string
  readonly messages: Readonly<Record<string, Reference>>
}

interface Operation {
  readonly action: string
  readonly channel: Reference
  readonly messages: readonly Reference[]
}

interface Message {
  readonly name: string
  readonly contentType: string
  readonly payload: Reference
}

interface Document {
  readonly asyncapi: string
  readonly info: { readonly title: string; readonly version: string }
  readonly channels: Readonly<Record<string, Channel>>
  readonly operations: Readonly<Record<string, Operation>>
  readonly components: {
    readonly messages: Readonly<Record<string, Message>>
    readonly schemas: Readonly<Record<string, object>>
  }
}

const documentOf = async (server: TestServer): Promise<Document> =>
  (await server.request('GET', '/asyncapi.json', { token: null })).body

/** What a reference inside the document leads to. */
function follow<T>(document: Document, { $ref }: Reference): T {
  assert.match($ref, /^#\//)
  let found: unknown = document
  for (const name of $ref.slice(2).split('/')) found = (found as Record<string, unknown> | undefined)?.[name]
  assert.ok(found, `${$ref} leads nowhere`)
  return found as T
}

/** Whether a frame is what the document says of its type: nothing missing, nothing wrong, and nothing that is not named. */
function frameCheck(document: Document): (frame: object) => void {
  const ajv = new Ajv({ strict: true, allErrors: true, allowUnionTypes: true })
  ajv.addKeyword('components')
  ajv.addSchema({ $id: 'document', components: withoutOtherFields(document.components) })
  return (frame) => {
    const { type } = frame as Frame
    const message = document.components.messages[type]
    assert.ok(message, `no message ${type} in the document`)
    const validate = ajv.getSchema(`document${message.payload.$ref}`)
    assert.ok(validate, message.payload.$ref)
    assert.ok(validate(frame), `${JSON.stringify(frame)}\n${ajv.errorsText(validate.errors)}`)
  }
}

function withoutOtherFields(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutOtherFields)
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.entries(schema).map(([name, value]) => [name, withoutOtherFields(value)])
  const isClosed = 'properties' in schema && !('additionalProperties' in schema)
  return { ...Object.fromEntries(inner), ...(isClosed && { additionalProperties: false }) }
}

test('the document is one that AsyncAPI 3.0 knows: channels, operations and messages that refer to each other', async () => {
  await using server = await startHeadwater()
  const document = await documentOf(server)
  assert.equal(document.asyncapi, '3.0.0')
  assert.match(document.info.version, /^\d+\.\d+\.\d+/)

  const channels = Object.values(document.channels)
  assert.deepEqual(
    channels.map(({ address }) => address),
    ['/ws/v1/activities', '/v1/activities/stream'],
  )
  for (const { messages } of channels) {
    for (const [name, reference] of Object.entries(messages)) {
      assert.equal(follow<Message>(document, reference).name, name)
    }
  }

  const spoken = new Set<string>()
  for (const { action, channel, messages } of Object.values(document.operations)) {
    assert.ok(action === 'send' || action === 'receive', action)
    const { messages: known } = follow<Channel>(document, channel)
    for (const message of messages) {
      const name = message.$ref.split('/').at(-1) ?? ''
      // A message of an operation is one of its channel's, and not the component itself.
      assert.equal(message.$ref, `${channel.$ref}/messages/${name}`)
      assert.ok(known[name], name)
      spoken.add(name)
    }
  }
  assert.deepEqual([...spoken].sort(), Object.keys(document.components.messages).sort())

  for (const { contentType, payload } of Object.values(document.components.messages)) {
    assert.equal(contentType, 'application/json')
    follow<object>(document, payload)
  }
})

test('what sockets and streams carry is what the document says', async () => {
  const server = await startHeadwater()
  const document = await documentOf(server)
  const check = frameCheck(document)

  const phone = await openSocket(server, 'carol', { deviceId: 'phone-1' })
  const stream = await EventStream.open(server, '', { authorization: `Bearer ${await server.token('carol')}` })
  const later = server.now() + 1
  const [first = ''] = await send(server, like('mia', 'carol', 'p1', { metadata: { preview: 'Lake', n: [1, null] } }))
  await send(server, like('ben', 'carol', 'p1', { created_at: later }), {
    ...like('yuki', 'carol', 'p2'),
    event_type: 'CUSTOM',
    verb: 'waved at',
  })
  const mark = (body: object) => server.request('POST', '/v1/activities/read', { user: 'carol', body })
  assert.equal((await mark({ group_ids: [first] })).status, 200)
  assert.equal((await mark({ all: true })).status, 200)
  await send(
    server,
    unlike('mia', 'carol', 'p1', { created_at: later }),
    unlike('ben', 'carol', 'p1', { created_at: later + 1 }),
  )
  await phone.next('activity_group_removed')
  await stream.until('activity_group_removed', () => stream.last?.event === 'activity_group_removed')
  await phone.roundTrip()
  const { position } = phone

  const elsewhere = await openSocket(server, 'carol', { resume: { epoch: 'another', seq: 1 } })
  await elsewhere.next('reset')
  const lost = await dial(server)
  lost.say('no frame')
  await lost.next('error')
  const closing = server.close()
  await Promise.all([phone.closed, elsewhere.closed])
  await closing

  const received = [phone, elsewhere, lost].flatMap(({ frames }) => frames)
  const streamed = stream.events.map(({ data }) => data)
  for (const frame of [...received, ...streamed]) check(frame)
  const scopes = received.flatMap(({ read }) => (read ? [Object.keys(read)] : []))
  assert.deepEqual(scopes, [['group_ids', 'up_to_seq'], ['all_up_to_seq']], 'both forms of a mark')
  const types = new Set([...received, ...streamed].map(({ type }) => type))
  const sent = Object.values(document.operations)
    .filter(({ action }) => action === 'send')
    .flatMap(({ messages }) => messages.map(({ $ref }) => $ref.split('/').at(-1)))
  assert.deepEqual([...types].sort(), [...new Set(sent)].sort(), 'every type of frame was there to be checked')

  const token = 'a token'
  for (const frame of [
    { type: 'auth', token },
    { type: 'auth', token, device_id: 'phone-1', resume: position },
    { type: 'ack', seq: position.seq },
    { type: 'ping' },
  ]) {
    check(frame)
  }
  const hello = { ...received[0], user_id: undefined }
  assert.throws(() => check(JSON.parse(JSON.stringify(hello))), /user_id/)
  assert.throws(() => check({ ...received[0], more: 1 }), /additional/)
})
