import avsc from 'avsc'
import { fingerprintOf } from './avro-fingerprint.ts'
import type { AvroDeclaration } from './avro-schema.ts'
import { createSkim, type Skim, type SkimLimits, skimLimits } from './avro-skim.ts'

/**
 * Single-object encoding: the marker C3 01, the fingerprint of the writer's schema, the value. A reader finds the
 * schema by the fingerprint among those that it knows, and looks at all bytes before it lets anything be built.
 */
export const headerLength = 10
const marker = [0xc3, 0x01] as const

export interface SingleObjectReader {
  read(bytes: Uint8Array): SingleObject
}

export type SingleObject =
  | { readonly ok: true; readonly schema: AvroDeclaration; readonly value: unknown }
  | { readonly ok: false; readonly why: 'unknown_schema' | 'invalid' | 'forbidden_key'; readonly reason: string }

interface Known {
  readonly schema: AvroDeclaration
  readonly high: number
  readonly type: avsc.Type
  readonly skim: Skim
}

export function createSingleObjectReader(
  schemas: readonly AvroDeclaration[],
  limits: SkimLimits = skimLimits,
): SingleObjectReader {
  const known = new Map<number, Known>()
  for (const schema of schemas) {
    const print = wordsOf(fingerprintOf(schema), 0)
    if (known.has(print.low)) throw new Error(`two schemas share the lower half of a fingerprint: ${schema.name}`)
    known.set(print.low, { schema, high: print.high, type: typeOf(schema), skim: createSkim(schema, limits) })
  }

  return {
    read(bytes) {
      if (bytes.length < headerLength || bytes[0] !== marker[0] || bytes[1] !== marker[1]) {
        return refused('invalid', 'it does not begin with C3 01 and a fingerprint')
      }
      const { low, high } = wordsOf(bytes, 2)
      const writer = known.get(low)
      if (writer?.high !== high) {
        return refused('unknown_schema', `no known schema has the fingerprint ${hex(high)}${hex(low)}`)
      }
      return readBody(writer, bytes)
    },
  }
}

function readBody({ schema, type, skim }: Known, bytes: Uint8Array): SingleObject {
  const skimmed = skim(bytes, headerLength)
  if ('reason' in skimmed) {
    return refused(skimmed.forbiddenKey === undefined ? 'invalid' : 'forbidden_key', skimmed.reason)
  }
  if (skimmed.end !== bytes.length) return refused('invalid', `${bytes.length - skimmed.end} bytes follow the value`)
  try {
    return { ok: true, schema, value: type.decode(bufferOf(bytes), headerLength).value }
  } catch (error) {
    return refused('invalid', (error as Error).message)
  }
}

/** Values come out as plain records with the schema's field names; unions are not wrapped. */
export const typeOf = (schema: AvroDeclaration): avsc.Type =>
  avsc.Type.forSchema(structuredClone(schema) as avsc.Schema, { wrapUnions: 'never', omitRecordMethods: true })

/** What stands before each value of a schema. */
export const singleObjectHeader = (schema: AvroDeclaration): Uint8Array =>
  Uint8Array.from([...marker, ...fingerprintOf(schema)])

let scratch = Buffer.allocUnsafe(16 * 1024)

/** Writes values of one schema. */
export function createSingleObjectWriter(schema: AvroDeclaration): (value: unknown) => Uint8Array {
  const type = typeOf(schema)
  const header = singleObjectHeader(schema)
  return (value) => {
    let end = type.encode(value, scratch, headerLength)
    if (end < 0) {
      scratch = Buffer.allocUnsafe(2 * (scratch.length - end))
      end = type.encode(value, scratch, headerLength)
    }
    for (let i = 0; i < headerLength; i++) scratch[i] = header[i] as number
    // From the runtime's pool: a third of the price of memory of its own.
    const bytes = Buffer.allocUnsafe(end)
    scratch.copy(bytes, 0, 0, end)
    return bytes
  }
}

const refused = (why: 'unknown_schema' | 'invalid' | 'forbidden_key', reason: string): SingleObject => ({
  ok: false,
  why,
  reason,
})

const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const wordAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)) >>>
  0

const wordsOf = (bytes: Uint8Array, at: number) => ({ low: wordAt(bytes, at), high: wordAt(bytes, at + 4) })
const hex = (word: number): string => word.toString(16).padStart(8, '0')
