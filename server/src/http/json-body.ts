import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HeadwaterError } from '../lib/error.ts'
import { type FieldError, invalidField, invalidRequest } from './problem.ts'

/**
 * A stricter reading of JSON than `JSON.parse` gives: the bytes must be UTF-8, nesting is bounded before anything is
 * built, and keys and characters that some store or program could stumble over are refused. Of repeated keys the last
 * one holds, for the validator and for the store alike.
 */

/** How much a text may hold before it is parsed. */
export interface JsonBounds {
  readonly depth: number
  readonly values: number
}

/**
 * Lists end at 500 entries and free objects at 8 KiB, so no body that is right comes near this; one of 4 MiB with a key
 * for every few bytes would keep the server from everybody else for a second.
 */
const boundsOfBody: JsonBounds = { depth: 32, values: 20_000 }
/**
 * What each item may hold is left to its check, so that one that is too deep is refused alone. That check ends at its own
 * bound; the parser builds deep values as fast as flat ones, and what walks through whole values has room for many times more.
 */
export const boundsOfItems: JsonBounds = { depth: 1_000, values: Number.POSITIVE_INFINITY }
/** In UTF-8, whatever other parameters say: JSON has none that means anything. */
export const jsonContentPattern =
  /^application\/json[ \t]*(?:;[ \t]*(?:(?:charset=(?:utf-?8|"utf-?8")|(?!charset=)[\w.+-]+=(?:[\w.+-]+|"[^"\\]*"))[ \t]*)?)*$/i
const utf8 = new TextDecoder('utf-8', { fatal: true })

export function addJsonParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    if (!jsonContentPattern.test(request.headers['content-type'] ?? '')) {
      throw new HeadwaterError('unsupported_media_type', { detail: 'Send application/json in UTF-8.' })
    }
    const { schema, config } = request.routeOptions
    // Clients that always name a type do so for requests without a body, too.
    if (body.length === 0 && !schema?.body && !config.checksBody) return undefined
    const value = parseJson(body, config.checksBody ? boundsOfItems : boundsOfBody)
    if (config.checksBody) return value
    const errors = badContent(value)
    if (errors.length > 0) throw invalidRequest(errors)
    return value
  })
}

/** Parses the bytes of one JSON text. Throws `invalid_json`, or `invalid_request` when it is nested too deeply or too much. */
export function parseJson(bytes: Uint8Array, bounds: JsonBounds): unknown {
  if (bytes.length === 0) throw new HeadwaterError('invalid_json', { detail: 'The body is empty.' })
  const excess = excessIn(bytes, bounds)
  if (excess === 'depth') throw invalidField('', 'too_deep', `The body may be nested ${bounds.depth} levels deep.`)
  if (excess === 'values') throw invalidField('', 'too_long', `The body may hold ${bounds.values} values.`)
  try {
    // The decoder drops a byte order mark.
    return JSON.parse(utf8.decode(bytes))
  } catch {
    throw new HeadwaterError('invalid_json')
  }
}

const quote = 0x22
const backslash = 0x5c

/** Looks at brackets and commas outside of strings alone, so it is right for every valid text and harmless for any other. */
function excessIn(bytes: Uint8Array, bounds: JsonBounds): 'depth' | 'values' | undefined {
  const { length } = bytes
  const { depth: depthMax, values: valuesMax } = bounds
  let depth = 0
  let values = 1
  for (let i = 0; i < length; i++) {
    const byte = bytes[i]
    if (byte === quote) i = closingQuote(bytes, i + 1)
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > depthMax) return 'depth'
      if (++values > valuesMax) return 'values'
    } else if (byte === 0x2c) {
      if (++values > valuesMax) return 'values'
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
  return undefined
}

/** A loop of its own, since most bytes are in strings. */
function closingQuote(bytes: Uint8Array, from: number): number {
  const { length } = bytes
  let at = from
  for (; at < length; at++) {
    const byte = bytes[at]
    if (byte === quote) break
    if (byte === backslash) at++
  }
  return at
}

const errorsMax = 8

/**
 * Keys and characters that may not come in, in any part of a parsed value: `__proto__`, `constructor.prototype`, U+0000,
 * lone surrogates and numbers that are none. Routes that check their bodies themselves call it for each item.
 */
export function badContent(value: unknown, path = ''): readonly FieldError[] {
  const errors: FieldError[] = []
  collectBadContent(value, path, errors)
  return errors
}

function collectBadContent(value: unknown, path: string, errors: FieldError[]): void {
  if (errors.length >= errorsMax) return
  if (typeof value === 'string') {
    const reason = badText(value)
    if (reason) errors.push({ path, code: 'invalid_character', detail: reason })
  } else if (typeof value === 'number') {
    // `1e400` is read as infinity, and would be kept as null.
    if (!Number.isFinite(value)) errors.push({ path, code: 'out_of_range', detail: 'The number is too large.' })
  } else if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) collectBadContent(value[i], `${path}[${i}]`, errors)
  } else if (typeof value === 'object' && value !== null) {
    for (const key of Object.keys(value)) {
      const error = badKey(key, value as Record<string, unknown>, path)
      if (error) errors.push(error)
      else collectBadContent((value as Record<string, unknown>)[key], path ? `${path}.${key}` : key, errors)
    }
  }
}

function badKey(key: string, owner: Readonly<Record<string, unknown>>, path: string): FieldError | undefined {
  if (badText(key)) return { path, code: 'invalid_character', detail: 'A key holds a character that cannot be kept.' }
  const inner = key === 'constructor' ? owner[key] : undefined
  if (key !== '__proto__' && !(typeof inner === 'object' && inner !== null && Object.hasOwn(inner, 'prototype'))) return
  return { path: path ? `${path}.${key}` : key, code: 'forbidden_key', detail: `The key "${key}" is not allowed.` }
}

function badText(text: string): string | undefined {
  if (text.includes('\u0000')) return 'The text holds U+0000.'
  return text.isWellFormed() ? undefined : 'The text holds half of a surrogate pair.'
}

/** Levels of nesting in a parsed value: 0 for a text or number, 1 for an object of such. */
export function jsonDepth(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let deepest = 0
  for (const inner of Object.values(value)) deepest = Math.max(deepest, jsonDepth(inner))
  return deepest + 1
}
