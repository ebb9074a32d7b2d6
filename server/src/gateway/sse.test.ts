import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resumeFrom } from './sse.ts'
import { LiveServer } from './testing/live-server.ts'

interface Event {
  readonly event: string
  readonly id: string | null
  readonly data: { readonly type: string; readonly [field: string]: unknown }
}

/** A stream that is read as an `EventSource` reads it. */
class EventReader implements AsyncDisposable {
  readonly response: Response
  readonly #reader: ReadableStreamDefaultReader<string>
  #text = ''

  private constructor(response: Response) {
    this.response = response
    const body = response.body as ReadableStream<Uint8Array<ArrayBuffer>>
    this.#reader = body.pipeThrough(new TextDecoderStream()).getReader()
  }

  static async open(
    server: LiveServer,
    query: string,
    headers: Record<string, string>,
    signal: AbortSignal | null = null,
  ): Promise<EventReader> {
    return new EventReader(await fetch(`http://${server.host}/v1/activities/stream${query}`, { headers, signal }))
  }

  /** The next block: an event, or a comment as text; `undefined` at the end. */
  async next(): Promise<Event | string | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end !== -1) {
        const block = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 2)
        return block.startsWith(':') ? block : parse(block)
      }
      const { value, done } = await this.#reader.read()
      if (done) return undefined
      this.#text += value
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel()
  }
}

function parse(block: string): Event {
  const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]))
  return { event: fields.get('event') ?? '', id: fields.get('id') ?? null, data: JSON.parse(fields.get('data') ?? '') }
}

const carol = { authorization: 'Bearer carol' }

test('the same frames over server-sent events: event = type, id = epoch:seq', async () => {
  await using server = await LiveServer.start()
  server.stream.add('carol', 'p1')
  await using reader = await EventReader.open(server, '', carol)
  assert.equal(reader.response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  const hello = (await reader.next()) as Event
  assert.deepEqual([hello.event, hello.id, hello.data.type, hello.data.seq], ['hello', 'e1:0', 'hello', 1])
  const first = (await reader.next()) as Event
  assert.deepEqual([first.event, first.id, first.data.prev_seq], ['activity_group_created', 'e1:1', 0])
  server.stream.add('carol', 'p1')
  await server.pubSub.publish([server.stream.tell('carol')])
  // The message begins where nobody stands any more, so the store is asked; what comes out is the same.
  const second = (await reader.next()) as Event
  assert.deepEqual([second.event, second.id, second.data.prev_seq], ['activity_group_updated', 'e1:2', 1])
})

test('Last-Event-ID resumes', async () => {
  await using server = await LiveServer.start()
  for (const object of ['p1', 'p2']) server.stream.add('carol', object)
  await using reader = await EventReader.open(server, '', { ...carol, 'last-event-id': 'e1:1' })
  assert.equal(((await reader.next()) as Event).data.from_seq, 1)
  assert.equal(((await reader.next()) as Event).id, 'e1:2')
})

test('a reset cannot be lost: the hello before it moves nobody on', async () => {
  await using server = await LiveServer.start()
  server.stream.add('carol', 'p1')
  await using reader = await EventReader.open(server, '', { ...carol, 'last-event-id': 'old:9' })
  assert.equal(((await reader.next()) as Event).id, null)
  const reset = (await reader.next()) as Event
  assert.deepEqual([reset.event, reset.id, reset.data.reason], ['reset', 'e1:1', 'epoch_changed'])
})

test('a comment line keeps a quiet stream alive, and the end says why', async () => {
  await using server = await LiveServer.start()
  server.access.expiresAtMs = server.seams.clock.now() + 30_000
  await using reader = await EventReader.open(server, '', carol)
  assert.equal(((await reader.next()) as Event).event, 'hello')
  for (let i = 0; i < 32; i++) server.seams.time.advance(1_000)
  assert.equal(await reader.next(), ': still here')
  for (;;) {
    const block = await reader.next()
    if (typeof block === 'string') continue
    assert.deepEqual(block?.data, { type: 'close', code: 4502, reason: 'token_expired' })
    break
  }
  assert.equal(await reader.next(), undefined)
})

test('a ticket opens one stream, once', async () => {
  await using server = await LiveServer.start()
  server.access.tickets.set('t1', server.access.principal('carol'))
  await using reader = await EventReader.open(server, '?ticket=t1', {})
  assert.equal(((await reader.next()) as Event).data.user_id, 'carol')
  await using again = await EventReader.open(server, '?ticket=t1', {})
  assert.equal(again.response.status, 401)
})

const refusals: [string, string, Record<string, string>, number][] = [
  ['nothing', '', {}, 401],
  ['a bad token', '', { authorization: 'Bearer bad' }, 401],
  ['an API key without a user', '', { authorization: 'Bearer api-key' }, 400],
  ['a token in the address', '?token=carol', {}, 400],
  ['two tickets', '?ticket=a&ticket=b', {}, 400],
  ['a foreign origin', '', { ...carol, origin: 'https://evil.example' }, 403],
]
for (const [name, query, headers, status] of refusals) {
  test(`${name} is refused with ${status}`, async () => {
    await using server = await LiveServer.start()
    const response = await fetch(`http://${server.host}/v1/activities/stream${query}`, { headers })
    assert.equal(response.status, status)
    assert.equal(response.headers.get('content-type'), 'application/problem+json')
    assert.equal(((await response.json()) as { status: number }).status, status)
  })
}

test('one stream over the cap of a user is refused before it opens', async () => {
  await using server = await LiveServer.start({ socketsPerUser: 1 })
  await using reader = await EventReader.open(server, '', carol)
  await reader.next()
  const response = await fetch(`http://${server.host}/v1/activities/stream`, { headers: carol })
  assert.equal(response.status, 429)
  assert.equal(response.headers.get('retry-after'), '5')
  await response.text()
})

test('a client that reads late gets all of it, in whatever script', { timeout: 20_000 }, async () => {
  await using server = await LiveServer.start()
  for (let i = 0; i < 200; i++) server.stream.add('carol', `${i} ${'ж'.repeat(20_000)}`)
  const signal = AbortSignal.timeout(15_000)
  await using reader = await EventReader.open(server, '', carol, signal)
  while (server.gateway.stats().framesQueued === 0) await new Promise(setImmediate)
  await reader.next()
  for (let i = 1; i <= 200; i++) assert.equal(((await reader.next()) as Event).data.seq, i)
})

test('a client that goes away is forgotten', async () => {
  await using server = await LiveServer.start()
  const reader = await EventReader.open(server, '', carol)
  await reader.next()
  assert.equal(server.gateway.stats().sockets, 1)
  await reader[Symbol.asyncDispose]()
  while (server.gateway.stats().sockets > 0) await new Promise(setImmediate)
})

test('an id is read back as it was written, whatever the epoch looks like', () => {
  assert.deepEqual(resumeFrom('e:1:41'), { epoch: 'e:1', seq: 41 })
  assert.deepEqual(resumeFrom(''), null)
  assert.deepEqual(resumeFrom(undefined), null)
  assert.ok(Number.isNaN(resumeFrom('e1:-1')?.seq))
  assert.ok(Number.isNaN(resumeFrom('rubbish')?.seq))
})
