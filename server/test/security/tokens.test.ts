import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { type Ask, ask, assertProblem, exchange, firstAnswer } from '../bad-input/testing/wire.ts'
import { dial, openSocket } from '../journeys/testing/socket.ts'
import { ownServer, tokenSecrets } from './testing/own-server.ts'
import { part, signed } from './testing/tokens.ts'

const server = await ownServer()
after(() => server.close())
const [current = '', previous = ''] = tokenSecrets
const now = server.now() / 1000
const claims = { sub: 'alice', iat: now, exp: now + 600 }
const hs256 = { alg: 'HS256', typ: 'JWT' }
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()

const list = (token: string): Ask => ({ path: '/v1/activities', token })

function signedByRsa(header: object): string {
  const text = `${part(header)}.${part(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), rsa.privateKey).toString('base64url')}`
}

function signedWith(algorithm: string, header: object): string {
  const text = `${part(header)}.${part(claims)}`
  return `${text}.${createHmac(algorithm, current).update(text).digest('base64url')}`
}

const good = signed(hs256, claims, current)
const [goodHeader, goodClaims, goodSignature] = good.split('.') as [string, string, string]

const refused: readonly (readonly [name: string, token: string])[] = [
  ['alg none without a signature', `${part({ alg: 'none' })}.${goodClaims}.`],
  ['alg none with a signature', signed({ alg: 'none' }, claims, current)],
  ['alg None', `${part({ alg: 'None' })}.${goodClaims}.${goodSignature}`],
  ['alg HS512, signed so', signedWith('sha512', { alg: 'HS512' })],
  ['alg HS384 over a HS256 signature', signed({ alg: 'HS384' }, claims, current)],
  [
    'alg RS256, signed by somebody with a key of his own',
    signedByRsa({ alg: 'RS256', jwk: rsa.publicKey.export({ format: 'jwk' }) }),
  ],
  ['alg RS256 over a HS256 signature', signed({ alg: 'RS256' }, claims, current)],
  ['alg HS256 over an RSA signature', signedByRsa(hs256)],
  ['the public key as secret', signed(hs256, claims, pem)],
  ['the public key behind blanks as secret', signed(hs256, claims, `\n \n${pem}`)],
  ['an empty secret', signed(hs256, claims, '')],
  ['two algs, the last one wrong', `${part('{"alg":"HS256","alg":"none"}')}.${goodClaims}.${goodSignature}`],
  ['an unknown crit', signed({ ...hs256, crit: ['b64'], b64: false }, claims, current)],
  ['an empty crit', signed({ ...hs256, crit: [] }, claims, current)],
  ['a crit named __proto__', signed('{"alg":"HS256","__proto__":{"crit":[]},"crit":["__proto__"]}', claims, current)],
  ['no header', `.${goodClaims}.${goodSignature}`],
  ['claims of another token', `${goodHeader}.${part({ ...claims, sub: 'bob' })}.${goodSignature}`],
  [
    'a signature in base64',
    `${goodHeader}.${goodClaims}.${Buffer.from(goodSignature, 'base64url').toString('base64')}`,
  ],
  ['a signature with more behind it', `${good}AA`],
  ['five parts', `${good}.x.y`],
  ['a kid of 10 KiB', signed({ ...hs256, kid: 'k'.repeat(10_240) }, claims, current)],
  ['no sub', signed(hs256, { iat: now, exp: now + 600 }, current)],
  ['a sub that is no user id', signed(hs256, { ...claims, sub: 'alice\u001f' }, current)],
  ['a list as sub', signed(hs256, { ...claims, sub: ['alice'] }, current)],
  ['no exp', signed(hs256, { sub: 'alice', iat: now }, current)],
  ['no iat', signed(hs256, { sub: 'alice', exp: now + 600 }, current)],
  ['an exp of now', signed(hs256, { ...claims, exp: now }, current)],
  ['an exp of yesterday', signed(hs256, { ...claims, exp: now - 86_400 }, current)],
  ['an exp of infinity', signed(hs256, `{"sub":"alice","iat":${now},"exp":1e400}`, current)],
  ['an exp as text', signed(hs256, { ...claims, exp: `${now + 600}` }, current)],
  [
    'an exp of long ago that would outlive any revocation',
    signed(hs256, { ...claims, iat: now - 6 * 366 * 86_400 }, current),
  ],
  ['an exp in milliseconds', signed(hs256, { ...claims, exp: now * 1_000 }, current)],
  ['an iat of 61 s ahead', signed(hs256, { ...claims, iat: now + 61 }, current)],
  ['an nbf of 61 s ahead', signed(hs256, { ...claims, nbf: now + 61 }, current)],
  ['a secret of before the previous one', signed(hs256, claims, 'older-secret-Zx4Cv8Bn2Ml6Kj0H')],
]

for (const [name, token] of refused) {
  test(`security 10–13: a token with ${name} opens neither a route nor a socket`, async () => {
    assertProblem(await ask(server, list(token)), 401, 'unauthenticated')
    const header = await exchange(
      server,
      `GET /ws/v1/activities HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    )
    assertProblem(firstAnswer(header), 401, 'unauthenticated')
    const socket = await dial(server)
    socket.say({ type: 'auth', token })
    assert.ok([4501, 4502].includes(await socket.closeCode()))
    await socket.hangUp()
    assert.ok(!socket.hello)
  })
}

for (const [name, token] of [
  ['nothing special', good],
  ['the previous secret', signed(hs256, claims, previous)],
  ['a kid that is a path', signed({ ...hs256, kid: '../../../../dev/null' }, claims, current)],
  ['a kid that is a query', signed({ ...hs256, kid: "' OR '1'='1" }, claims, current)],
  [
    'a claim named __proto__',
    signed(hs256, `{"sub":"alice","iat":${now},"exp":${now + 9},"__proto__":{"sub":"bob"}}`, current),
  ],
  ['60 s between the clocks', signed(hs256, { ...claims, iat: now + 60, nbf: now + 60 }, current)],
] as const) {
  test(`a token with ${name} is alice's and nobody else's`, async () => {
    assert.equal((await ask(server, list(token))).status, 200)
    using socket = await openSocket(server, 'alice', { token })
    assert.equal(socket.hello?.user_id, 'alice')
  })
}

test('security 12: addresses in a token are not asked', async () => {
  let asked = 0
  const listener = createServer((_request, reply) => {
    asked++
    reply.end(JSON.stringify({ keys: [rsa.publicKey.export({ format: 'jwk' })] }))
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/keys`
  const header = { jku: url, x5u: url, kid: url }
  for (const token of [
    signedByRsa({ alg: 'RS256', ...header }),
    signed({ ...hs256, ...header }, claims, 'nobody'),
    signed({ ...hs256, ...header }, { ...claims, iss: url }, current),
  ]) {
    await ask(server, list(token))
  }
  await new Promise((resolve) => listener.close(resolve))
  assert.equal(asked, 0)
})

test('security 11: a token of 1 MiB is refused before it is looked at', async () => {
  const token = signed({ ...hs256, pad: 'p'.repeat(1 << 20) }, claims, current)
  const request = `GET /v1/activities HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token.slice(0, 17_000)}`
  assertProblem(firstAnswer(await exchange(server, request)), 431, 'headers_too_large')
  const socket = await dial(server)
  socket.say({ type: 'auth', token })
  assert.equal(await socket.closeCode(), 1009)
})

test('security 12: a verified token is known by all of its characters', async () => {
  assert.equal((await ask(server, list(good))).status, 200)
  for (let at = 0; at < good.length; at += 7) {
    const other = good[at] === 'A' ? 'B' : 'A'
    const changed = good.slice(0, at) + other + good.slice(at + 1)
    assert.equal((await ask(server, list(changed))).status, 401, changed)
  }
})

test('B26 a cookie is no credential, and neither is one in the body', async () => {
  const cookie = { cookie: `token=${good}; authorization=Bearer ${good}` }
  assertProblem(await ask(server, { path: '/v1/activities', token: null, headers: cookie }), 401, 'unauthenticated')
  const body = { all: true, token: good }
  const inBody: Ask = { method: 'POST', path: '/v1/activities/read', token: null, body }
  assertProblem(await ask(server, inBody), 401, 'unauthenticated')
})
