import { type AvroDeclaration, type AvroSchema, fullName, isPrimitive, namespaceOf } from './avro-schema.ts'

/**
 * What names a schema: its Parsing Canonical Form and the CRC-64-AVRO fingerprint of that, both as the Avro specification
 * has them ("Transforming into Parsing Canonical Form", "Schema Fingerprints"). Names, types and their order decide;
 * documentation, defaults and aliases do not.
 */
export const canonicalForm = (schema: AvroSchema): string => canonical(schema, '')

/** The fingerprint as single-object encoding carries it: 8 bytes, little-endian. */
export function fingerprintOf(schema: AvroSchema): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, crc64Avro(new TextEncoder().encode(canonicalForm(schema))), true)
  return bytes
}

function canonical(schema: AvroSchema, around: string): string {
  if (typeof schema === 'string')
    return JSON.stringify(isPrimitive(schema) ? schema : fullName(schema, undefined, around))
  if (isUnion(schema)) return `[${schema.map((branch) => canonical(branch, around)).join(',')}]`
  switch (schema.type) {
    case 'record':
    case 'error':
      return canonicalRecord(schema, around)
    case 'enum':
      return `{"name":${canonicalName(schema, around)},"type":"enum","symbols":${JSON.stringify(schema.symbols)}}`
    case 'fixed':
      return `{"name":${canonicalName(schema, around)},"type":"fixed","size":${schema.size}}`
    case 'array':
      return `{"type":"array","items":${canonical(schema.items as AvroSchema, around)}}`
    case 'map':
      return `{"type":"map","values":${canonical(schema.values as AvroSchema, around)}}`
    default:
      return canonical(schema.type, around)
  }
}

function canonicalRecord(schema: AvroDeclaration, around: string): string {
  const inner = namespaceOf(nameOf(schema, around))
  const fields = (schema.fields ?? []).map(
    ({ name, type }) => `{"name":${JSON.stringify(name)},"type":${canonical(type, inner)}}`,
  )
  return `{"name":${canonicalName(schema, around)},"type":"${schema.type}","fields":[${fields.join(',')}]}`
}

const isUnion = (schema: AvroSchema): schema is readonly AvroSchema[] => Array.isArray(schema)
const nameOf = (schema: AvroDeclaration, around: string): string =>
  fullName(schema.name ?? '', schema.namespace, around)
const canonicalName = (schema: AvroDeclaration, around: string): string => JSON.stringify(nameOf(schema, around))

/** The fingerprint of no bytes at all, which is also the polynomial. */
const empty = 0xc15d213aa4d7a795n
const table = Array.from({ length: 256 }, (_, byte) => {
  let value = BigInt(byte)
  for (let bit = 0; bit < 8; bit++) value = (value >> 1n) ^ (value & 1n ? empty : 0n)
  return value
})

/** The 64-bit Rabin fingerprint of the specification, unsigned. */
export function crc64Avro(bytes: Uint8Array): bigint {
  let value = empty
  for (const byte of bytes) value = (value >> 8n) ^ (table[Number(value & 0xffn) ^ byte] as bigint)
  return value
}
