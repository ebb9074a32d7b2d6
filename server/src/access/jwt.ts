import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { limits } from '@headwater/protocol'
import type { DeviceId, UserId } from '../model/ids.ts'
import { isDeviceId, isUserId } from './principal.ts'

/**
 * JSON Web Tokens, HS256 alone. The header never chooses anything: an algorithm other than HS256, and any `crit`, is
 * refused, and `kid`, `jwk`, `jku` and `x5u` are not looked at.
 */

export interface TokenClaims {
  readonly sub: UserId
  /** Seconds since 1970, possibly fractional. */
  readonly iat: number
  readonly exp: number
  readonly jti: string | null
  readonly deviceId: DeviceId | null
}

export type TokenCheck =
  | { readonly ok: true; readonly claims: TokenClaims }
  | {
      readonly ok: false
      readonly reason: 'invalid' | 'expired' | 'not_yet_valid'
      /** For the caller: what is wrong with it; left out when it is no token at all. */
      readonly detail?: string
    }

export type TokenSecret = KeyObject

export const tokenSecret = (text: string): TokenSecret => createSecretKey(text, 'utf8')

const tokenLengthMax = 8_192
const tokenIdLengthMax = 256
/** How far the issuer's clock may be ahead of ours. Nothing is forgiven behind `exp`. */
const leewayS = 60
const invalid: TokenCheck = { ok: false, reason: 'invalid' }
/** One text for all of it: whoever signs a token learns nothing about what would be taken. */
const notSigned: TokenCheck = {
  ok: false,
  reason: 'invalid',
  detail: 'The token is not signed with HS256 and the token secret of this server.',
}
const encodedHeader = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')

export function signToken(payload: Readonly<Record<string, unknown>>, secret: TokenSecret): string {
  const signed = `${encodedHeader}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}`
  return `${signed}.${signatureOf(signed, secret)}`
}

/** Checks the signature with each secret in turn (the newest first), then the claims at `nowMs`. */
export function checkToken(token: string, secrets: readonly TokenSecret[], nowMs: number): TokenCheck {
  if (token.length > tokenLengthMax) return invalid
  const parts = token.split('.')
  const [header, payload, signature] = parts
  if (parts.length !== 3 || !header || !payload || !signature) return invalid

  const head = decodeObject(header)
  if (!head) return invalid
  if (head.alg !== 'HS256' || 'crit' in head) return notSigned
  const signed = `${header}.${payload}`
  if (!secrets.some((secret) => equalText(signatureOf(signed, secret), signature))) return notSigned

  const claims = claimsOf(decodeObject(payload))
  if (typeof claims === 'string') return { ok: false, reason: 'invalid', detail: claims }
  return checkTimes(claims, nowMs / 1000)
}

function checkTimes(claims: TokenClaims & { readonly nbf: number }, now: number): TokenCheck {
  if (claims.exp <= now) return { ok: false, reason: 'expired', detail: 'The token has expired.' }
  const name = claims.iat > now + leewayS ? 'iat' : 'nbf'
  if (claims[name] > now + leewayS) {
    const detail = `The token is not valid yet: its ${name} is more than ${leewayS} s ahead of the server's clock.`
    return { ok: false, reason: 'not_yet_valid', detail }
  }
  const { nbf: _, ...rest } = claims
  return { ok: true, claims: rest }
}

/** The claims, or what is wrong with them. Asked only of what is signed, so that it is told to who has the secret. */
function claimsOf(payload: Record<string, unknown> | undefined): (TokenClaims & { readonly nbf: number }) | string {
  if (!payload) return 'The payload of the token is no JSON object.'
  const { sub, iat, exp, nbf = 0, jti, device_id } = payload
  const missing = Object.entries({ sub, iat, exp }).flatMap(([name, value]) => (value === undefined ? [name] : []))
  if (missing.length > 0) return `The token has no ${missing.join(', ')}: sub, iat and exp are required.`
  if (typeof sub !== 'string' || !isUserId(sub)) return 'The sub of the token is no user id.'
  if (!isTime(iat)) return noTime('iat')
  if (!isTime(exp)) return noTime('exp')
  if (!isTime(nbf)) return noTime('nbf')
  if (!isOptionalText(jti, tokenIdLengthMax)) return noText('jti', tokenIdLengthMax)
  if (device_id !== undefined && !isDeviceId(device_id)) {
    return `The device_id of the token is no text of 1 to ${limits.deviceIdLength} characters, none of them a control character.`
  }
  return { sub, iat, exp, nbf, jti: jti ?? null, deviceId: device_id ?? null }
}

const noTime = (name: string): string => `The ${name} of the token is no number of seconds since 1970.`
const noText = (name: string, lengthMax: number): string =>
  `The ${name} of the token is no text of 1 to ${lengthMax} characters.`

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0

const isOptionalText = (value: unknown, lengthMax: number): value is string | undefined =>
  value === undefined || (typeof value === 'string' && value.length > 0 && value.length <= lengthMax)

/** Comparing the encoded text also refuses other spellings of the same bytes. */
function equalText(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

const signatureOf = (signed: string, secret: TokenSecret): string =>
  createHmac('sha256', secret).update(signed).digest('base64url')

const base64urlPattern = /^[A-Za-z0-9_-]+$/

function decodeObject(part: string): Record<string, unknown> | undefined {
  if (!base64urlPattern.test(part)) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}
