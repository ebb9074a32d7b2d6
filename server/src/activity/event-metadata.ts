import { type ItemErrorCode, type JsonObject, limits } from '@headwater/protocol'
import { type ItemError, isRecord } from './event-item.ts'

const empty: JsonObject = Object.freeze({})

export type CheckedMetadata =
  | { readonly ok: true; readonly metadata: JsonObject; readonly bytes: number }
  | { readonly ok: false; readonly error: ItemError }

/** `metadata` is any JSON object of 8 KiB and 8 levels that every store and program can keep as it is. */
export function checkMetadata(value: unknown): CheckedMetadata {
  if (value === undefined) return { ok: true, metadata: empty, bytes: 2 }
  if (!isRecord(value)) return wrong('metadata', 'invalid_type', '"metadata" must be an object.')
  const mistake = mistakeIn(value, 'metadata', 1)
  if (mistake) return { ok: false, error: mistake }
  const bytes = jsonBytes(value)
  if (bytes > limits.metadataBytes) {
    const detail = `"metadata" is ${bytes} bytes of JSON; ${limits.metadataBytes} are allowed.`
    return wrong('metadata', 'metadata_too_large', detail)
  }
  return { ok: true, metadata: value as JsonObject, bytes }
}

function jsonBytes(value: object): number {
  const text = JSON.stringify(value)
  // Counting the bytes costs a pass over the text; a short one cannot be too long.
  return text.length * 3 <= limits.metadataBytes ? text.length : Buffer.byteLength(text)
}

const wrong = (path: string, code: ItemErrorCode, detail: string): { ok: false; error: ItemError } => ({
  ok: false,
  error: { path, code, detail },
})

function mistakeIn(value: unknown, path: string, depth: number): ItemError | undefined {
  switch (typeof value) {
    case 'string':
      return isKeepable(value) ? undefined : { path, code: 'invalid_character', detail: `"${path}" ${badText}` }
    case 'number':
      if (Number.isFinite(value)) return undefined
      return { path, code: 'out_of_range', detail: `"${path}" is too large for a number.` }
    case 'object':
      if (value === null) return undefined
      if (depth > limits.metadataDepth) {
        return { path, code: 'too_deep', detail: `"metadata" may be nested ${limits.metadataDepth} levels deep.` }
      }
      return Array.isArray(value) ? mistakeInList(value, path, depth) : mistakeInObject(value, path, depth)
    default:
      return undefined
  }
}

function mistakeInList(list: readonly unknown[], path: string, depth: number): ItemError | undefined {
  for (let i = 0; i < list.length; i++) {
    const inner = list[i]
    const mistake = isFine(inner) ? undefined : mistakeIn(inner, `${path}[${i}]`, depth + 1)
    if (mistake) return mistake
  }
  return undefined
}

function mistakeInObject(object: object, path: string, depth: number): ItemError | undefined {
  for (const key of Object.keys(object)) {
    if (!isKeepable(key)) return { path, code: 'invalid_character', detail: `A key in "${path}" ${badText}` }
    const inner: unknown = (object as Record<string, unknown>)[key]
    if (key === '__proto__' || (key === 'constructor' && hasPrototype(inner))) {
      return { path: `${path}.${key}`, code: 'forbidden_key', detail: `The key "${key}" is not allowed.` }
    }
    const mistake = isFine(inner) ? undefined : mistakeIn(inner, `${path}.${shown(key)}`, depth + 1)
    if (mistake) return mistake
  }
  return undefined
}

/** Most values are: paths are put together only for those that have to be looked into. */
const isFine = (value: unknown): boolean =>
  typeof value === 'string' ? isKeepable(value) : value === null || typeof value === 'boolean' || Number.isFinite(value)

const hasPrototype = (value: unknown): boolean => isRecord(value) && Object.hasOwn(value, 'prototype')

const badText = 'holds U+0000 or half of a surrogate pair.'

/** No U+0000, which PostgreSQL cannot hold, and no lone surrogate, which UTF-8 cannot. */
export const isKeepable = (text: string): boolean => !text.includes('\u0000') && text.isWellFormed()

/** A name as it may stand in an error. */
export const shown = (name: string): string => name.slice(0, 64).toWellFormed()
