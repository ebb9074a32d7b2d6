import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startHeadwater, type TestServer } from '../../src/testing.ts'
import { type Answer, type Ask, ask, assertProblem } from '../bad-input/testing/wire.ts'
import { like, page, send } from '../journeys/testing/calls.ts'
import { openSocket } from '../journeys/testing/socket.ts'

/** Alice has groups, a name and properties; bob tries everything that has an id in it. */
const server = await startHeadwater()
after(() => server.close())
await server.request('PUT', '/v1/users/alice', { body: { name: 'Alice', properties: { plan: 'planted-plan' } } })
const events = ['p1', 'p2', 'p3'].map((post) =>
  like('mia', 'alice', post, { metadata: { preview: 'planted-preview' } }),
)
const eventIds = await send(server, ...events, like('ben', 'bob', 'own-post'))
const groups = (await page(server, 'alice')).activity_groups.map((group) => group.group_id)
const [group = ''] = groups
/** Of the same form, and of no user. */
const missing = `${group.slice(0, -4)}${group.endsWith('0000') ? '1111' : '0000'}`
const missingEvent = '019b76da-a800-7fff-8fff-ffffffffffff'

const aliceState = async (): Promise<unknown> => {
  const { activity_groups, unread_count, unseen_count, seq } = await page(server, 'alice')
  return { activity_groups, unread_count, unseen_count, seq }
}
const before = await aliceState()

const post = (path: string, body: unknown): Ask => ({ method: 'POST', path, body })
const probes: readonly (readonly [name: string, status: number, request: (group: string, event: string) => Ask])[] = [
  ['GET a group', 404, (id) => ({ path: `/v1/activities/${id}` })],
  ['GET the actors of a group', 404, (id) => ({ path: `/v1/activities/${id}/actors` })],
  ['DELETE a group', 404, (id) => ({ method: 'DELETE', path: `/v1/activities/${id}` })],
  ['mark a group read', 404, (id) => post('/v1/activities/read', { group_ids: [id] })],
  ['mark a group seen', 404, (id) => post('/v1/activities/seen', { group_ids: [id] })],
  ['mark the group of an event read', 404, (_, event) => post('/v1/activities/read', { group_ids: [event] })],
  ['mark the group of an event seen', 404, (_, event) => post('/v1/activities/seen', { group_ids: [event] })],
  ['GET an event', 403, (_, event) => ({ path: `/v1/events/${event}` })],
]

const essence = ({ status, headers: { date: _, ...headers }, text }: Answer) => ({ status, headers, text })

for (const [name, status, request] of probes) {
  test(`security 1 5: ${name}: one of another user is answered byte for byte as one that is not there`, async () => {
    const bob = { token: await server.token('bob') }
    const asBob = status === 403 ? [bob] : [bob, { user: 'bob' }]
    for (const who of asBob) {
      const foreign = await ask(server, { ...request(group, eventIds[0] ?? ''), ...who })
      const none = await ask(server, { ...request(missing, missingEvent), ...who })
      assertProblem(foreign, status, status === 403 ? 'forbidden' : 'not_found')
      assert.deepEqual(essence(foreign), essence(none))
    }
    assert.deepEqual(await aliceState(), before)
  })
}

test('security 5: a user who may not be written is refused alike, whether there or not', async () => {
  const token = await server.token('bob')
  const put = (id: string): Ask => ({ method: 'PUT', path: `/v1/users/${id}`, body: { name: 'Mallory' }, token })
  assert.deepEqual(essence(await ask(server, put('alice'))), essence(await ask(server, put('nobody'))))
  assertProblem(await ask(server, { path: '/v1/users/nobody' }), 404, 'not_found')
})

test('security 1: ids of others beside own ones are told as not found, and only the own ones are marked', async () => {
  const own = (await page(server, 'bob')).activity_groups[0]?.group_id ?? ''
  const foreign = [...groups, eventIds[0] ?? '', missing]
  const answer = await server.request('POST', '/v1/activities/read', {
    user: 'bob',
    body: { group_ids: [own, ...foreign] },
  })
  assert.deepEqual([answer.status, answer.body.updated_unread_count], [200, 0])
  assert.deepEqual(answer.body.not_found.toSorted(), foreign.toSorted())
  assert.deepEqual(await aliceState(), before)
})

test('security 1: marking all, up to any position, is for oneself', async () => {
  const up_to_seq = Number.MAX_SAFE_INTEGER
  await server.request('POST', '/v1/activities/read', { user: 'bob', body: { all: true, up_to_seq } })
  assert.deepEqual(await aliceState(), before)
})

test('security 1: frames that name another user, or acknowledge for one, change nothing', async () => {
  using bob = await openSocket(server, 'bob', { deviceId: 'phone' })
  bob.say({ type: 'ack', seq: bob.hello?.seq ?? 0, user_id: 'alice' })
  bob.say({ type: 'auth', user_id: 'alice' })
  bob.say({ type: 'auth', token: await server.token('bob'), user_id: 'alice' })
  await bob.until('three refusals', () => bob.frames.filter(({ code }) => code === 'forbidden').length === 3)
  await bob.roundTrip()
  assert.doesNotMatch(JSON.stringify(bob.frames), /planted|alice/)
})

test('security 46: an answer that is kept for one user is not given to another, nor to the server', async () => {
  const request = (who: Partial<Ask>): Ask => ({
    ...post('/v1/activities/seen', { all: true }),
    headers: { 'idempotency-key': 'the-same-key' },
    ...who,
  })
  const alice = await ask(server, request({ user: 'alice' }))
  assert.equal(alice.status, 200)
  for (const who of [{ user: 'bob' }, { token: await server.token('carol') }]) {
    const answer = await ask(server, request(who))
    assert.deepEqual([answer.status, answer.headers['idempotency-replayed']], [200, undefined], answer.text)
  }
  assertProblem(await ask(server, request({})), 400, 'user_required')
  const replayed = await ask(server, request({ token: await server.token('alice') }))
  assert.deepEqual([replayed.text, replayed.headers['idempotency-replayed']], [alice.text, 'true'])
})

test('security 46: a key that somebody else used with another body is free', async () => {
  const send = (user: string, group_ids: readonly string[]) =>
    ask(server, { ...post('/v1/activities/read', { group_ids }), user, headers: { 'idempotency-key': 'shared' } })
  assertProblem(await send('carol', ['a']), 404, 'not_found')
  assertProblem(await send('dave', ['b']), 404, 'not_found')
  assertProblem(await send('carol', ['b']), 422, 'idempotency_key_reused')
})

test("security 46: one user's limit is not another's, and neither is the place of a socket", async () => {
  await using limited = await startHeadwater({ config: { 'http.rateLimits': 'on', 'gateway.socketsPerUser': 1 } })
  const [alice, bob] = [await limited.token('alice'), await limited.token('bob')]
  for (let i = 0; i < 100; i++) await ask(limited, { path: '/v1/activities', token: alice })
  assertProblem(await ask(limited, { path: '/v1/activities', token: alice }), 429, 'rate_limited')
  const answer = await ask(limited, { path: '/v1/activities', token: bob })
  assert.equal(answer.headers['ratelimit-remaining'], '99')
  using _one = await openSocket(limited, 'alice')
  using _other = await openSocket(limited, 'bob')
})

const refused: readonly (readonly [string, Ask])[] = [
  ...['id', 'created_at', 'updated_at', 'role', 'is_admin', 'tokens'].map((field): readonly [string, Ask] => [
    `${field} of a user`,
    { method: 'PUT', path: '/v1/users/bob', user: 'bob', body: { name: 'Bob', [field]: 1 } },
  ]),
  ...['seq', 'group_id', 'is_read', 'actor_count', 'schema_version', 'unread_count'].map(
    (field): readonly [string, Ask] => [
      `${field} of an event`,
      post('/v1/events', { ...like('mia', 'alice', 'p9'), [field]: 1 }),
    ],
  ),
  ...['iat', 'exp', 'jti', 'token_id', 'scope'].map((field): readonly [string, Ask] => [
    `${field} of a token`,
    post('/v1/tokens', { user_id: 'bob', [field]: 1 }),
  ]),
  ...['user_id', 'user', 'seq', 'deleted'].map((field): readonly [string, Ask] => [
    `${field} of a mark`,
    { ...post('/v1/activities/read', { all: true, [field]: 'alice' }), user: 'bob' },
  ]),
]

for (const [name, request] of refused) {
  test(`security 6: a caller cannot set ${name}`, async () => {
    assertProblem(await ask(server, request), 400, 'invalid_request', 'unknown_field')
    assert.equal((await page(server, 'alice')).activity_groups.length, 3)
  })
}

/** Every name that an answer may hold, wherever in it. */
const allowed = {
  page: 'activity_groups unread_count unseen_count filtered_unread_count epoch seq next_cursor',
  group:
    'group_id event_type verb object_type object_id actor_count actor_count_is_estimate new_actor_count event_count top_actors summary latest_preview metadata is_read is_seen is_closed group_created_at updated_at seq unread_seq',
  user: 'id name avatar_url locale created_at updated_at',
  actor: 'id name avatar_url acted_at',
  trace:
    'event_id event_type verb actor_id target_user_id object_type object_id metadata created_at op state reason group_id accepted_at written_at pushed_at queued_at',
  frame: 'type epoch seq prev_seq unread_count unseen_count counts_seq group',
  hello: 'type session_id user_id epoch from_seq seq unread_count unseen_count ping_interval_ms timeout_ms',
}

const assertOnly = (what: keyof typeof allowed, value: object): void =>
  assert.deepEqual(
    Object.keys(value).filter((name) => !allowed[what].split(' ').includes(name)),
    [],
    what,
  )

async function everyShape(of: TestServer): Promise<void> {
  const get = async (path: string, who: object = { user: 'alice' }) => (await of.request('GET', path, who)).body
  const list = await get('/v1/activities')
  assertOnly('page', list)
  for (const shown of list.activity_groups) {
    assertOnly('group', shown)
    for (const actor of shown.top_actors) assert.deepEqual(Object.keys(actor).sort(), ['avatar_url', 'id', 'name'])
  }
  const { actors } = await get(`/v1/activities/${group}/actors`)
  for (const actor of actors) assertOnly('actor', actor)
  assertOnly('user', (await get('/v1/users/alice', { token: await of.token('bob') })).user)
  assertOnly('trace', await get(`/v1/events/${eventIds[0]}`, {}))
}

test('security 7: answers and frames hold what is promised, and no inner field', async () => {
  await everyShape(server)
  using socket = await openSocket(server, 'alice')
  await send(server, like('zoe', 'alice', 'p1'))
  const frame = await socket.next('activity_group_updated')
  assertOnly('frame', frame)
  assertOnly('group', frame.group)
  assertOnly('hello', socket.hello ?? {})
})
