/** An Avro schema as JSON (Apache Avro 1.12, "Schema Declaration"). */
export type AvroSchema = string | readonly AvroSchema[] | AvroDeclaration

export interface AvroDeclaration {
  readonly type: AvroSchema
  readonly name?: string
  readonly namespace?: string
  readonly doc?: string
  readonly aliases?: readonly string[]
  readonly fields?: readonly AvroField[]
  readonly symbols?: readonly string[]
  /** Of an enum: what a reader takes for a symbol that it does not know. */
  readonly default?: unknown
  readonly items?: AvroSchema
  readonly values?: AvroSchema
  readonly size?: number
  readonly logicalType?: string
}

export interface AvroField {
  readonly name: string
  readonly type: AvroSchema
  readonly doc?: string
  readonly default?: unknown
  readonly order?: string
  readonly aliases?: readonly string[]
}

const primitives: ReadonlySet<string> = new Set([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
])

export const isPrimitive = (name: string): boolean => primitives.has(name)

/** A name with its namespace: one with a dot is complete, another is taken to lie in the one around it. */
export function fullName(name: string, own: string | undefined, around: string): string {
  if (name.includes('.')) return name
  const namespace = own ?? around
  return namespace === '' ? name : `${namespace}.${name}`
}

export const namespaceOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('.')))
