import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Ask, ask } from '../bad-input/testing/wire.ts'
import { like, page, send } from '../journeys/testing/calls.ts'
import { openSocket } from '../journeys/testing/socket.ts'
import { ownServer } from './testing/own-server.ts'

/** On a database, since that is where a text could become a statement. */
const server = await ownServer({ onDisk: true })
after(() => server.close())

const dollar = '$'
const texts = [
  "'",
  '"',
  "'; DROP TABLE groups; --",
  "' OR '1'='1",
  '%',
  '_',
  '\\',
  '\\u0027',
  'a%b_c\\d',
  '?1',
  ':name $name @name',
  '{{constructor.constructor("return process")()}}',
  `${dollar}{process.env}`,
  '#{7*7}',
  '%s %d %o %j',
  "$& $1 $' $` $$",
  '{actors} {first} {second} {count} {object} {verb}',
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  'javascript:alert(1)',
  '__proto__',
  'constructor',
  'null',
  'undefined',
  'NaN',
  '0',
  '-0',
  '1e3',
  'true',
  '[]',
  '{"a":1}',
  'שלום ‏مرحبا',
  '大学 🏳️‍🌈 e\u0301',
  'é',
  'é'.normalize('NFD'),
  ' ',
  'x'.repeat(200),
]
/** An id needs a letter that shows. */
const ids = texts.filter((text) => text.trim() !== '')

const putName = (id: string, name: string): Ask => ({ method: 'PUT', path: `/v1/users/${id}`, body: { name } })

test('security 40: ids of objects are data: each is its own group, and comes back as it was', async () => {
  await send(server, ...ids.map((id) => like('mia', 'alice', id)))
  const { activity_groups, unread_count } = await page(server, 'alice', '?limit=100')
  assert.deepEqual(activity_groups.map((group) => group.object_id).sort(), [...ids].sort())
  assert.equal(unread_count, ids.length)
})

test('security 40: deleting an object deletes that one, whatever its id would mean to a database', async () => {
  const left = new Set(ids)
  for (const id of ['%', '_', "' OR '1'='1", '\\', 'a%b_c\\d', '__proto__']) {
    const path = `/v1/objects/POST/${encodeURIComponent(id)}`
    assert.equal((await ask(server, { method: 'DELETE', path })).status, 202)
    await server.settle()
    left.delete(id)
    const { activity_groups } = await page(server, 'alice', '?limit=100')
    assert.deepEqual(activity_groups.map((group) => group.object_id).sort(), [...left].sort())
  }
})

test('security 40: users are told apart by every character of their id', async () => {
  const users = ['a_b', 'aXb', 'A_b', 'a.b', 'a-b', 'a:b', 'a@b', 'a_b.', '_', '__', '-', '1', '01', '1.0', 'null']
  await send(server, ...users.map((user) => like(user, user === 'null' ? 'a_b' : 'null', `of ${user}`)))
  for (const user of users) await ask(server, putName(user, `name of ${user}`))
  const { activity_groups } = await page(server, 'null', '?limit=100')
  for (const group of activity_groups) {
    const [actor] = group.top_actors
    assert.deepEqual([group.object_id, actor?.name], [`of ${actor?.id}`, `name of ${actor?.id}`])
  }
  assert.deepEqual(
    [activity_groups.length, (await page(server, 'a_b')).unread_count, (await page(server, 'aXb')).unread_count],
    [users.length - 1, 1, 0],
  )
})

test('security 39 40: names, metadata, previews, verbs and properties come back as they were', async () => {
  // A key that would be a prototype is refused wherever it stands; everything else is a name.
  for (const [i, text] of texts.filter((each) => each !== '__proto__').entries()) {
    const metadata = { preview: text, [text]: text, list: [text, { [`k${text}`]: text }] }
    const verb = text.trim() === '' || text.length > 64 ? 'waved at' : text
    const custom = { event_type: 'CUSTOM', verb, metadata } as const
    await send(server, like(`actor-${i}`, `reader-${i}`, 'p1', custom))
    const properties = { [text]: text }
    const put = await ask(server, {
      method: 'PUT',
      path: `/v1/users/actor-${i}`,
      body: { name: `N ${text}`, properties },
    })
    assert.deepEqual([put.status, put.body.user.name, put.body.user.properties], [200, `N ${text}`, properties])
    const [group] = (await page(server, `reader-${i}`)).activity_groups
    assert.deepEqual([group?.verb, group?.latest_preview, group?.metadata], [verb, text, metadata])
    assert.equal(group?.top_actors[0]?.name, `N ${text}`)
  }
})

test('security 39: a summary says a name as it is, and evaluates nothing in it', async () => {
  for (const [i, name] of [
    '{second}',
    '{actors}',
    '$&',
    '$1',
    '{{constructor}}',
    '%s',
    `${dollar}{1}`,
    '<b>',
  ].entries()) {
    await ask(server, putName(`named-${i}`, name))
    await send(server, like('ben', `told-${i}`, 'p1'), like(`named-${i}`, `told-${i}`, 'p1'))
    const [group] = (await page(server, `told-${i}`)).activity_groups
    const summary = String(group?.summary)
    assert.ok([`${name} and ben liked your post`, `ben and ${name} liked your post`].includes(summary), summary)
  }
})

test('security 38: a name cannot turn the sentence around, nor hide what follows it', async () => {
  await ask(server, putName('turner', 'Mia\u202e\u2066 and 12 others\u200b'))
  await send(server, like('turner', 'told-turned', 'p1'))
  const [group] = (await page(server, 'told-turned')).activity_groups
  assert.doesNotMatch(group?.summary ?? '', /[\u200b-\u200f\u2028-\u202e\u2060-\u2069]/)
})

test('security 42: a text cannot end a server-sent event or begin another', async () => {
  const preview = 'x\n\nevent: reset\ndata: {"type":"reset"}\n\n\r\rid: 1\u2028'
  await send(server, like('mia', 'streamed', 'p1', { metadata: { preview } }))
  const controller = new AbortController()
  const headers = { authorization: `Bearer ${await server.token('streamed')}` }
  const stream = await fetch(`${server.url}/v1/activities/stream`, { headers, signal: controller.signal })
  let text = ''
  for await (const chunk of stream.body ?? []) {
    text += Buffer.from(chunk).toString()
    if (text.includes('activity_group_created')) break
  }
  controller.abort()
  const blocks = text.split('\n\n').filter((block) => block !== '')
  assert.deepEqual(
    blocks.map((block) => /^event: (.*)$/m.exec(block)?.[1]),
    ['hello', 'activity_group_created'],
  )
  const data = /^data: ([^\n]*)$/m.exec(blocks[1] ?? '')?.[1] ?? ''
  assert.equal(JSON.parse(data).group.latest_preview, preview)
})

test('security 42: what callers send turns up in no header of an answer', async () => {
  const planted = 'planted%0d%0aSet-Cookie:%20a=b'
  for (const request of [
    { path: `/v1/users/${planted}` },
    { path: `/v1/activities?cursor=${planted}`, user: 'alice' },
    { path: `/v1/${planted}` },
    { path: `/${planted}?x=${planted}` },
    { method: 'PATCH', path: `/v1/users/${planted}` },
    {
      path: '/v1/activities',
      user: 'alice',
      headers: { 'accept-language': 'planted', origin: 'https://planted.example' },
    },
    { path: '/healthz', headers: { 'x-request-id': 'planted', 'user-agent': 'planted', 'x-forwarded-for': 'planted' } },
  ]) {
    const { headers } = await ask(server, request)
    assert.doesNotMatch(JSON.stringify(headers), /planted|set-cookie/i)
  }
})

test('security 41: devices, languages and epochs named as prototypes are names', async () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'valueOf']) {
    using socket = await openSocket(server, 'alice', { deviceId: name, headers: { 'accept-language': name } })
    socket.say({ type: 'ack', seq: socket.hello?.from_seq ?? 0 })
    await socket.roundTrip()
    const { body } = await server.request('POST', '/v1/presence', { body: { user_ids: ['alice'] } })
    assert.ok(body.online[0].devices.includes(name))
    const answer = await ask(server, { path: '/v1/activities', user: 'alice', headers: { 'accept-language': name } })
    assert.equal(answer.status, 200)
  }
  for (const locale of ['toString', 'valueOf']) {
    await ask(server, { method: 'PUT', path: '/v1/users/told-0', body: { name: 'T', locale } })
    assert.match((await page(server, 'told-0')).activity_groups[0]?.summary ?? '', /liked your post/)
  }
})

test('security 30: ten thousand actors whose ids collide in a simple hash are ten thousand actors', async () => {
  const halves = ['Aa', 'BB']
  const colliding = Array.from({ length: 10_000 }, (_, i) =>
    Array.from({ length: 14 }, (_, bit) => halves[(i >> bit) & 1]).join(''),
  )
  await send(server, ...colliding.map((actor) => like(actor, 'flooded', 'p1')))
  const [group] = (await page(server, 'flooded')).activity_groups
  assert.deepEqual([group?.actor_count, group?.event_count], [10_000, 10_000])
})

test('security 41: nothing of all this has reached the prototype of objects', () => {
  assert.deepEqual(Object.getOwnPropertyNames(Object.prototype).sort(), untouched)
  for (const key in {}) assert.fail(`${key} is in every object`)
})

const untouched = [
  '__defineGetter__',
  '__defineSetter__',
  '__lookupGetter__',
  '__lookupSetter__',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'toLocaleString',
  'toString',
  'valueOf',
]
