import { isUtf8 } from 'node:buffer'
import { type AvroDeclaration, type AvroSchema, fullName, isPrimitive, namespaceOf } from './avro-schema.ts'

/**
 * Walks the bytes of one Avro value along its schema before anything is built from them. Five bytes can announce fifty
 * million items, and a decoder that believes them is stopped for seconds; here every length is held against the bytes
 * that are there, every count against a budget, and keys that could reach a prototype are refused.
 */
export type Skim = (bytes: Uint8Array, from: number) => SkimResult

export type SkimResult = { readonly end: number } | { readonly reason: string; readonly forbiddenKey?: string }

export interface SkimLimits {
  /** Items of all arrays and maps of one value together. */
  readonly items: number
  /** Records, arrays, maps and unions inside one another. */
  readonly depth: number
}

export const skimLimits: SkimLimits = { items: 4_096, depth: 32 }

/** Compiled once for each schema. */
export function createSkim(schema: AvroSchema, limits: SkimLimits = skimLimits): Skim {
  const step = compile(schema, '', new Map())
  return (bytes, from) => {
    const cursor: Cursor = { bytes, at: from, items: limits.items, depth: limits.depth }
    try {
      step(cursor)
      return { end: cursor.at }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return error.forbiddenKey === undefined
        ? { reason: error.message }
        : { reason: error.message, forbiddenKey: error.forbiddenKey }
    }
  }
}

interface Cursor {
  readonly bytes: Uint8Array
  at: number
  items: number
  depth: number
}

type Step = (cursor: Cursor) => void

class Refusal extends Error {
  readonly forbiddenKey: string | undefined
  constructor(message: string, forbiddenKey?: string) {
    super(message)
    this.forbiddenKey = forbiddenKey
  }
}

function compile(schema: AvroSchema, around: string, named: Map<string, Step>): Step {
  if (typeof schema === 'string') return isPrimitive(schema) ? primitiveStep(schema) : reference(schema, around, named)
  if (Array.isArray(schema))
    return unionStep((schema as readonly AvroSchema[]).map((one) => compile(one, around, named)))
  const declared = schema as AvroDeclaration
  switch (declared.type) {
    case 'array':
      return blocksStep(compile(declared.items as AvroSchema, around, named))
    case 'map': {
      const value = compile(declared.values as AvroSchema, around, named)
      return blocksStep((cursor) => {
        skimKey(cursor)
        value(cursor)
      })
    }
    case 'record':
    case 'enum':
    case 'fixed': {
      const name = fullName(declared.name ?? '', declared.namespace, around)
      const step = namedStep(declared, namespaceOf(name), named)
      named.set(name, step)
      return step
    }
    default:
      return compile(declared.type, around, named)
  }
}

/** Looked up when it runs: a record may hold itself. */
function reference(text: string, around: string, named: Map<string, Step>): Step {
  const name = fullName(text, undefined, around)
  return (cursor) => {
    const step = named.get(name)
    if (!step) throw new TypeError(`the schema does not declare ${name}`)
    step(cursor)
  }
}

function namedStep(schema: AvroDeclaration, inner: string, named: Map<string, Step>): Step {
  if (schema.type === 'fixed') {
    const size = schema.size ?? 0
    return (cursor) => advance(cursor, size)
  }
  if (schema.type === 'enum') {
    const symbols = schema.symbols?.length ?? 0
    return (cursor) => {
      const index = readLong(cursor)
      if (index < 0 || index >= symbols) throw new Refusal(`there is no symbol ${index} in ${schema.name}`)
    }
  }
  const steps = (schema.fields ?? []).map((field) => compile(field.type, inner, named))
  return (cursor) => {
    enter(cursor)
    for (const step of steps) step(cursor)
    cursor.depth++
  }
}

const unionStep =
  (branches: readonly Step[]): Step =>
  (cursor) => {
    const index = readLong(cursor)
    const branch = branches[index]
    if (!branch) throw new Refusal(`there is no branch ${index} in a union of ${branches.length}`)
    enter(cursor)
    branch(cursor)
    cursor.depth++
  }

/** Arrays and maps come in blocks: a count and that many items; a negative count is followed by the block's size. */
const blocksStep =
  (item: Step): Step =>
  (cursor) => {
    enter(cursor)
    for (let count = readLong(cursor); count !== 0; count = readLong(cursor)) {
      const sized = count < 0
      const items = Math.abs(count)
      if (items > cursor.items) throw new Refusal('there are too many items')
      cursor.items -= items
      const size = sized ? readLong(cursor) : 0
      const start = cursor.at
      for (let i = 0; i < items; i++) item(cursor)
      if (sized && cursor.at - start !== size) throw new Refusal('a block does not have the size that it says')
    }
    cursor.depth++
  }

function primitiveStep(name: string): Step {
  switch (name) {
    case 'null':
      return () => {}
    case 'boolean':
      return (cursor) => {
        advance(cursor, 1)
        if ((cursor.bytes[cursor.at - 1] as number) > 1) throw new Refusal('a boolean is neither 0 nor 1')
      }
    case 'int':
      return (cursor) => {
        const value = readLong(cursor)
        if (value < -0x8000_0000 || value > 0x7fff_ffff) throw new Refusal('an int has more than 32 bits')
      }
    case 'long':
      return (cursor) => {
        if (!Number.isSafeInteger(readLong(cursor))) throw new Refusal('a long is beyond 2^53')
      }
    case 'float':
      return (cursor) => advance(cursor, 4)
    case 'double':
      return (cursor) => advance(cursor, 8)
    case 'bytes':
      return (cursor) => advance(cursor, readLong(cursor))
    default:
      return skimText
  }
}

/** Where the text starts; it ends where the cursor is then. */
function skimText(cursor: Cursor): number {
  const length = readLong(cursor)
  const start = cursor.at
  advance(cursor, length)
  if (!isPlainText(cursor.bytes, start, cursor.at)) throw new Refusal('a text is not UTF-8')
  return start
}

/** A call into the runtime costs more than looking through a short text, and most are short ASCII. */
function isPlainText(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > 64) return isUtf8(bytes.subarray(start, end))
  for (let i = start; i < end; i++) if ((bytes[i] as number) > 0x7f) return isUtf8(bytes.subarray(start, end))
  return true
}

const forbiddenKeys = ['__proto__', 'constructor', 'prototype']

function skimKey(cursor: Cursor): void {
  const start = skimText(cursor)
  const length = cursor.at - start
  const key = forbiddenKeys.find((text) => text.length === length && isAt(cursor.bytes, start, text))
  if (key !== undefined) throw new Refusal(`a map has the key "${key}"`, key)
}

function isAt(bytes: Uint8Array, start: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false
  return true
}

function enter(cursor: Cursor): void {
  if (--cursor.depth < 0) throw new Refusal('it is nested too deeply')
}

function advance(cursor: Cursor, length: number): void {
  if (length < 0) throw new Refusal('a length is negative')
  if (length > cursor.bytes.length - cursor.at) throw new Refusal('it ends too early')
  cursor.at += length
}

/** Zigzag, 7 bits a byte. Numbers beyond 2^53 come out inexact, and nothing here takes one for a count or a length. */
function readLong(cursor: Cursor): number {
  const { bytes } = cursor
  const first = bytes[cursor.at]
  if (first === undefined) throw new Refusal('it ends too early')
  if (first < 0x80) {
    cursor.at++
    return (first >>> 1) ^ -(first & 1)
  }
  return readLongBytes(cursor)
}

function readLongBytes(cursor: Cursor): number {
  let value = 0
  let scale = 1
  for (let i = 0; i < 10; i++) {
    const byte = cursor.bytes[cursor.at++]
    if (byte === undefined) throw new Refusal('it ends too early')
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    scale *= 128
  }
  throw new Refusal('a number has more than 64 bits')
}
