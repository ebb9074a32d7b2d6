import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApp } from './app-for-tests.ts'
import { addAllRoutes, testFeatures } from './features-for-tests.ts'

const now = Date.UTC(2026, 0, 1)

async function userApp() {
  const features = testFeatures(now)
  const app = await testApp((routes, dependencies) => addAllRoutes(routes, features, dependencies))
  const put = (id: string, payload: object, headers = {}) =>
    app.request({ method: 'PUT', url: `/v1/users/${id}`, payload, headers })
  return { ...features, app, put, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

const carol = {
  name: 'Carol',
  avatar_url: 'https://example.com/c.png',
  locale: 'de-CH',
  properties: { plan: 'pro', nested: { a: [1] } },
}

test('a user is shown as it was put', async () => {
  await using t = await userApp()
  const created = await t.put('carol', carol)
  const user = { id: 'carol', ...carol, created_at: now, updated_at: now }
  assert.deepEqual([created.statusCode, created.json()], [200, { user }])
  t.app.seams.time.advance(5)
  const changed = (await t.put('carol', { name: 'C' })).json().user
  assert.deepEqual(changed, {
    id: 'carol',
    name: 'C',
    avatar_url: null,
    locale: null,
    properties: {},
    created_at: now,
    updated_at: now + 5,
  })
})

test('properties are for the API key and for that user', async () => {
  await using t = await userApp()
  await t.put('carol', carol)
  const seenBy = async (headers: Record<string, string>) =>
    (await t.app.request({ url: '/v1/users/carol', headers })).json().user
  assert.deepEqual((await seenBy({})).properties, carol.properties)
  assert.deepEqual(
    (await seenBy({ authorization: `Bearer ${await t.app.tokenOf('carol')}` })).properties,
    carol.properties,
  )
  const foreign = await seenBy({ authorization: `Bearer ${await t.app.tokenOf('bob')}` })
  assert.deepEqual(Object.keys(foreign), ['id', 'name', 'avatar_url', 'locale', 'created_at', 'updated_at'])
})

test('a user puts themselves and nobody else', async () => {
  await using t = await userApp()
  const headers = { authorization: `Bearer ${await t.app.tokenOf('carol')}` }
  assert.equal((await t.put('carol', carol, headers)).statusCode, 200)
  assert.equal((await t.put('bob', carol, headers)).statusCode, 403)
  assert.deepEqual(await t.users.get(['bob']), [undefined])
  for (const payload of [{}, { name: 5, emial: 'x' }]) {
    assert.equal((await t.put('bob', payload, headers)).statusCode, 403, 'and is not told what is wrong with the body')
  }
  const type = { ...headers, 'content-type': 'application/json' }
  const broken = await t.app.request({ method: 'PUT', url: '/v1/users/bob', payload: '{', headers: type })
  assert.equal(broken.statusCode, 403)
})

test('deleting is accepted, also for one who was never put', async () => {
  await using t = await userApp()
  await t.put('carol', carol)
  for (const id of ['carol', 'nobody']) {
    assert.equal((await t.app.request({ method: 'DELETE', url: `/v1/users/${id}` })).statusCode, 202)
  }
  assert.equal((await t.app.request({ url: '/v1/users/carol' })).statusCode, 404)
})

for (const id of ['__proto__', 'constructor', 'toString', '0', 'null', '-', 'a@b.c:d_e', 'x'.repeat(128)]) {
  test(`${id.slice(0, 20)} is an id as any`, async () => {
    await using t = await userApp()
    assert.equal((await t.app.request({ url: `/v1/users/${id}` })).statusCode, 404)
    assert.equal((await t.put(id, { name: 'N' })).json().user.id, id)
    assert.equal((await t.app.request({ url: `/v1/users/${id}` })).json().user.name, 'N')
  })
}

for (const id of ['a%20b', '%00', 'a%2fb', '%E2%80%AE', 'x'.repeat(129), 'a%0d%0ab', '%C3%A4']) {
  test(`${id.slice(0, 20)} is no id of a user`, async () => {
    await using t = await userApp()
    const answer = await t.put(id, { name: 'N' })
    assert.deepEqual([answer.statusCode, answer.json().errors[0].path], [400, 'id'])
  })
}

const deep = (levels: number): object => (levels === 1 ? {} : { a: deep(levels - 1) })

for (const [name, change, path, code] of [
  ['no name', { name: undefined }, 'name', 'required'],
  ['an empty name', { name: '' }, 'name', 'too_short'],
  ['257 characters of a name', { name: 'n'.repeat(257) }, 'name', 'too_long'],
  ['a blank name', { name: ' \u200b' }, 'name', 'invalid_character'],
  ['a name of which no sentence shows anything', { name: '\u202e\u061c \u2063' }, 'name', 'invalid_character'],
  ['a name of two lines', { name: 'a\nb' }, 'name', 'invalid_character'],
  ['a script as avatar', { avatar_url: 'javascript:alert(1)' }, 'avatar_url', 'invalid_value'],
  ['an avatar that breaks out of markup', { avatar_url: 'https://x/"><b>' }, 'avatar_url', 'invalid_value'],
  ['a locale that is none', { locale: '../../etc' }, 'locale', 'invalid_value'],
  ['properties that are a list', { properties: [] }, 'properties', 'invalid_type'],
  ['properties of 8 KiB and more', { properties: { a: 'x'.repeat(8_185) } }, 'properties', 'too_long'],
  ['properties nine levels deep', { properties: deep(9) }, 'properties', 'too_deep'],
  ['what the server decides', { created_at: 5 }, 'created_at', 'unknown_field'],
  ['a role', { role: 'admin' }, 'role', 'unknown_field'],
] as const) {
  test(`${name} is refused`, async () => {
    await using t = await userApp()
    const answer = await t.put('carol', { ...carol, ...change })
    const errors: { path: string; code: string }[] = answer.json().errors
    assert.equal(answer.statusCode, 400)
    assert.ok(
      errors.some((error) => error.path === path && error.code === code),
      answer.body,
    )
    assert.deepEqual(await t.users.get(['carol']), [undefined])
  })
}

test('what may be null and is wrong has one error, which says what it may be', async () => {
  await using t = await userApp()
  const errorsOf = async (change: object) => (await t.put('carol', { ...carol, ...change })).json().errors
  const form = { path: 'locale', code: 'invalid_value', detail: '"locale" has a form that is not allowed.' }
  assert.deepEqual(await errorsOf({ locale: '../../etc' }), [form])
  const type = { path: 'locale', code: 'invalid_type', detail: '"locale" must be of type string or null.' }
  assert.deepEqual(await errorsOf({ locale: 5 }), [type])
  const both = await errorsOf({ locale: '../../etc', avatar_url: 'javascript:alert(1)', role: 1 })
  assert.deepEqual(
    both.map(({ path }: { path: string }) => path),
    ['role', 'avatar_url', 'locale'],
  )
})

test('what is as large as allowed is taken', async () => {
  await using t = await userApp()
  const largest = { name: '🙂'.repeat(256), avatar_url: null, locale: null, properties: deep(8) }
  assert.equal((await t.put('carol', largest)).statusCode, 200)
  assert.equal((await t.put('carol', { name: 'N', properties: { a: 'x'.repeat(8_184) } })).statusCode, 200)
})
