import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { seededRandom } from '../lib/virtual-seams.ts'
import { checkToken, signToken, tokenSecret } from './jwt.ts'

const text = 'a-secret-of-at-least-thirty-two-bytes'
const secret = tokenSecret(text)
const nowMs = 1_795_000_000_000
const now = nowMs / 1000
const claims = { sub: 'alice', iat: now, exp: now + 60 }

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const hs256 = (signed: string, key = text): string => createHmac('sha256', key).update(signed).digest('base64url')
const made = (header: unknown, payload: unknown, key = text): string => {
  const signed = `${part(header)}.${part(payload)}`
  return `${signed}.${hs256(signed, key)}`
}
const outcome = (token: string): string => {
  const check = checkToken(token, [secret], nowMs)
  return check.ok ? 'ok' : check.reason
}

test('a signed token gives its claims back', () => {
  const token = signToken({ ...claims, jti: 't1', device_id: 'phone' }, secret)
  assert.deepEqual(checkToken(token, [secret], nowMs), {
    ok: true,
    claims: { sub: 'alice', iat: now, exp: now + 60, jti: 't1', deviceId: 'phone' },
  })
})

test('tokens of the previous secret are good, those of others are not', () => {
  const secrets = [secret, tokenSecret('previous')]
  assert.equal(checkToken(made({ alg: 'HS256' }, claims, 'previous'), secrets, nowMs).ok, true)
  assert.equal(checkToken(made({ alg: 'HS256' }, claims, 'other'), secrets, nowMs).ok, false)
})

for (const [name, header, expected] of [
  [
    'kid, jwk, jku and x5u',
    { alg: 'HS256', kid: '../../etc/passwd', jwk: { k: 'x' }, jku: 'https://evil', x5u: 'x' },
    'ok',
  ],
  ['alg none', { alg: 'none' }, 'invalid'],
  ['alg in lower case', { alg: 'hs256' }, 'invalid'],
  ['HS384', { alg: 'HS384' }, 'invalid'],
  ['RS256', { alg: 'RS256' }, 'invalid'],
  ['no alg', { typ: 'JWT' }, 'invalid'],
  ['a list as alg', { alg: ['HS256'] }, 'invalid'],
  ['crit', { alg: 'HS256', crit: ['exp'] }, 'invalid'],
  ['an empty crit', { alg: 'HS256', crit: [] }, 'invalid'],
  ['a header that is a list', ['HS256'], 'invalid'],
  ['a header that is null', null, 'invalid'],
] as const) {
  test(`a header with ${name}: ${expected}`, () => assert.equal(outcome(made(header, claims)), expected))
}

for (const [name, payload, expected] of [
  ['a fractional iat', { ...claims, iat: now - 0.123 }, 'ok'],
  ['an iat 60 s ahead', { ...claims, iat: now + 60 }, 'ok'],
  ['an iat 61 s ahead', { ...claims, iat: now + 61, exp: now + 99 }, 'not_yet_valid'],
  ['an nbf 61 s ahead', { ...claims, nbf: now + 61 }, 'not_yet_valid'],
  ['an nbf in the past', { ...claims, nbf: now - 1 }, 'ok'],
  ['an exp of this moment', { ...claims, exp: now }, 'expired'],
  ['an exp a moment ahead', { ...claims, exp: now + 0.001 }, 'ok'],
  ['an exp in milliseconds', { ...claims, exp: nowMs + 60_000 }, 'ok'],
  ['no exp', { sub: 'alice', iat: now }, 'invalid'],
  ['no iat', { sub: 'alice', exp: now + 60 }, 'invalid'],
  ['no sub', { iat: now, exp: now + 60 }, 'invalid'],
  ['an exp as text', { ...claims, exp: String(now + 60) }, 'invalid'],
  ['an endless exp', { ...claims, exp: null }, 'invalid'],
  ['a negative iat', { ...claims, iat: -1 }, 'invalid'],
  ['an nbf as text', { ...claims, nbf: '0' }, 'invalid'],
  ['a sub that is no user id', { ...claims, sub: 'a b' }, 'invalid'],
  ['an empty sub', { ...claims, sub: '' }, 'invalid'],
  ['a number as sub', { ...claims, sub: 5 }, 'invalid'],
  ['a number as jti', { ...claims, jti: 5 }, 'invalid'],
  ['an empty device', { ...claims, device_id: '' }, 'invalid'],
  ['a device with a control character', { ...claims, device_id: 'my\u0000phone' }, 'invalid'],
  ['a device with half a character', { ...claims, device_id: 'phone \ud83d' }, 'invalid'],
  ['a device in another script', { ...claims, device_id: 'телефон 📱' }, 'ok'],
  ['a device of 128 characters beyond the BMP', { ...claims, device_id: '📱'.repeat(128) }, 'ok'],
  ['a device of 129 of them', { ...claims, device_id: '📱'.repeat(129) }, 'invalid'],
  ['a device of 129 characters', { ...claims, device_id: 'd'.repeat(129) }, 'invalid'],
  ['a payload that is a list', [claims], 'invalid'],
] as const) {
  test(`a token with ${name}: ${expected}`, () => assert.equal(outcome(made({ alg: 'HS256' }, payload)), expected))
}

test('a token without a signature, or with one of another kind, is refused', () => {
  const signed = `${part({ alg: 'HS256' })}.${part(claims)}`
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const rsa = sign('sha256', Buffer.from(signed), privateKey).toString('base64url')
  for (const token of [
    signed,
    `${signed}.`,
    `${signed}.${rsa}`,
    `${signed}.${hs256(signed)}.x`,
    `.${signed}`,
    '..',
    '',
  ]) {
    assert.equal(outcome(token), 'invalid')
  }
})

test('a token of more than 8 KiB is refused unread', () => {
  assert.equal(outcome(made({ alg: 'HS256', kid: 'k'.repeat(10_240) }, claims)), 'invalid')
})

test('of 10,000 mutations none is taken', () => {
  const random = seededRandom(10)
  const token = made({ alg: 'HS256' }, claims)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ '
  const below = (n: number) => Math.floor(random.next() * n)
  for (let i = 0; i < 10_000; i++) {
    const at = below(token.length)
    const char = alphabet[below(alphabet.length)] as string
    const mutation = token.slice(0, at) + char + token.slice(at + (i % 2))
    if (mutation !== token) assert.equal(outcome(mutation), 'invalid', mutation)
  }
})
