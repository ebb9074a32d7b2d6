import assert from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { after, test } from 'node:test'
import { createSingleObjectWriter } from '../../src/model/avro-single-object.ts'
import { eventV2 } from '../../src/model/event-schema.ts'
import { inhabited, nobody, reader, visibleState } from './testing/refusals.ts'
import { type Ask, ask, assertProblem } from './testing/wire.ts'

/**
 * Bodies of 4 MiB that cost as much as bytes can. They must be answered, and leave nothing behind; how long they kept the
 * server from others is printed, since a time is not to be asserted on a machine that does other things.
 */
const size = 4 * 1024 * 1024

/** As many of `unit` as fit between head and tail. */
function filled(head: string, unit: string, tail: string): string {
  const units = Math.floor((size - head.length - tail.length - unit.length) / (unit.length + 1))
  return `${head}${`${unit},`.repeat(units)}${unit}${tail}`
}

/** An object with as many different keys as fit, some of which hash alike where a hash is as simple as it gets. */
function manyKeys(head: string, tail: string): string {
  const keys: string[] = []
  for (let i = 0, length = head.length + tail.length; length < size - 32; i++) {
    const key = `"${i.toString(36)}${'Aa'.repeat(i & 1)}${'BB'.repeat(i & 2 ? 1 : 0)}":0`
    keys.push(key)
    length += key.length + 1
  }
  return `${head}${keys.join(',')}${tail}`
}

const shapes: readonly (readonly [name: string, fill: (head: string, tail: string) => string])[] = [
  ['2,000,000 numbers', (head, tail) => filled(`${head}[`, '0', `]${tail}`)],
  ['1,000,000 empty objects', (head, tail) => filled(`${head}[`, '{}', `]${tail}`)],
  ['lists of 24 levels', (head, tail) => filled(`${head}[`, '['.repeat(24) + ']'.repeat(24), `]${tail}`)],
  ['lists of 950 levels', (head, tail) => filled(`${head}[`, '['.repeat(950) + ']'.repeat(950), `]${tail}`)],
  [
    'objects of 600 levels',
    (head, tail) => filled(`${head}[`, `${'{"a":'.repeat(600)}0${'}'.repeat(600)}`, `]${tail}`),
  ],
  ['4,000,000 levels', (head, tail) => `${head}${'['.repeat(size - head.length - tail.length)}${tail}`],
  ['300,000 keys', (head, tail) => manyKeys(`${head}{`, `}${tail}`)],
  ['__proto__ everywhere', (head, tail) => filled(`${head}[`, '{"__proto__":{"polluted":1}}', `]${tail}`)],
  ['U+0000 everywhere', (head, tail) => filled(`${head}[`, '"\\u0000"', `]${tail}`)],
  ['one long text', (head, tail) => `${head}"${'a'.repeat(size - head.length - tail.length - 2)}"${tail}`],
  [
    'one long text of nothing',
    (head, tail) => `${head}"${'\u200b'.repeat((size - head.length - tail.length - 2) / 3)}"${tail}`,
  ],
  ['one long number', (head, tail) => `${head}${'9'.repeat(size - head.length - tail.length)}${tail}`],
  ['one long exponent', (head, tail) => `${head}1e${'9'.repeat(size - head.length - tail.length - 2)}${tail}`],
]

const places: readonly (readonly [name: string, head: string, tail: string, request: (body: string) => Ask])[] = [
  [
    'the properties of a user',
    '{"name":"D","properties":{"a":',
    '}}',
    (body) => ({ method: 'PUT', path: `/v1/users/${nobody}`, body }),
  ],
  [
    'the ids of a mark',
    '{"group_ids":',
    '}',
    (body) => ({ method: 'POST', path: '/v1/activities/read', user: reader, body }),
  ],
  [
    'the metadata of an event',
    `{"event_type":"LIKE","actor_id":"mia","target_user_id":"${reader}","object_type":"POST","object_id":"p2","metadata":{"a":`,
    '}}',
    (body) => ({ method: 'POST', path: '/v1/events', body }),
  ],
  ['a batch of events', '{"events":', '}', (body) => ({ method: 'POST', path: '/v1/events', body })],
]

const server = await inhabited()
const delay = monitorEventLoopDelay({ resolution: 5 })
const worst: [ms: number, name: string][] = []
after(() => {
  worst.sort(([a], [b]) => b - a)
  const list = worst.slice(0, 5).map(([ms, name]) => `${ms.toFixed(0)} ms  ${name}`)
  console.log(`# the longest that one body kept the loop busy:\n#   ${list.join('\n#   ')}`)
})

async function watched<T>(name: string, run: () => Promise<T>): Promise<T> {
  delay.reset()
  delay.enable()
  try {
    return await run()
  } finally {
    // What holds the loop until the end is counted when a timer comes through.
    await new Promise((resolve) => setTimeout(resolve, 6))
    delay.disable()
    worst.push([delay.max / 1e6, name])
  }
}

for (const [place, head, tail, request] of places) {
  test(`security 27: every bomb as ${place} is answered and leaves nothing`, async () => {
    const before = await visibleState(server)
    for (const [name, fill] of shapes) {
      const body = fill(head, tail)
      assert.ok(Buffer.byteLength(body) <= size, name)
      const answer = await watched(`${name} as ${place}`, () => ask(server, request(body)))
      const code = answer.body?.code === 'invalid_json' ? 'invalid_json' : 'invalid_request'
      assertProblem(answer, 400, code)
      assert.ok(answer.text.length < 20_000, 'the answer to a bomb is none itself')
    }
    assert.deepEqual(await visibleState(server), before)
  })
}

test('security 27: a batch of 1,000 events that are wrong in the longest way is answered', async () => {
  const unknown = `{"${'z'.repeat(4_000)}":1}`
  const answer = await watched('unknown fields', () =>
    ask(server, { method: 'POST', path: '/v1/events', body: `{"events":[${Array(1_000).fill(unknown)}]}` }),
  )
  assertProblem(answer, 400, 'invalid_request', 'unknown_field')
  assert.ok(answer.text.length < 300_000)
})

test('security 27: an address with as many parameters as fit is answered', async () => {
  const names = Array.from({ length: 1_300 }, (_, i) => `p${i}=`).join('&')
  const answer = await watched('parameters', () => ask(server, { path: `/v1/activities?${names}`, user: reader }))
  assertProblem(answer, 400, 'invalid_request', 'unknown_field')
})

test('B48 Avro that says it is large costs what it is: 4 MiB of bombs in one request', async () => {
  const fields = { event_type: 'LIKE', actor_id: 'mia', target_user_id: reader, object_type: 'POST', object_id: 'p2' }
  const value = Buffer.from(
    createSingleObjectWriter(eventV2)({
      ...fields,
      event_id: null,
      metadata: {},
      created_at: null,
      op: 'ADD',
      verb: '',
    }),
  )
  // An empty map is its kind and the end of its blocks; in place of the end stands a count of 2^31.
  const at = value.length - 4
  const bomb = Buffer.concat([value.subarray(0, at), Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x1f])])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bomb.length)
  const body = Buffer.concat(Array(1_000).fill(Buffer.concat([length, bomb])))
  const rss = process.memoryUsage().rss
  const before = await visibleState(server)
  const request = { method: 'POST', path: '/v1/events', body, type: 'application/vnd.headwater.events+avro' }
  const answer = await watched('1,000 maps of 2^31 entries', () => ask(server, request))
  assertProblem(answer, 400, 'invalid_request', 'avro_invalid')
  assert.equal(answer.body.rejected.length, 1_000)
  assert.ok(process.memoryUsage().rss - rss < 256 * 1024 * 1024)
  assert.deepEqual(await visibleState(server), before)
})
