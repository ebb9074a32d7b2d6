import type { ItemErrorCode } from '@headwater/protocol'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { FastifySchemaCompiler } from 'fastify'
import { nearestName } from './nearest-name.ts'
import { type FieldError, invalidRequest } from './problem.ts'

/**
 * Compiles the schemas of routes. A value that is wrong is looked at again for all its mistakes, unless it is so large
 * that listing them would cost more than the caller's trouble is worth. Nothing is converted, save the numbers of query
 * strings, which come as text.
 */

const errorsMax = 20
const listedNodesMax = 5_000
/** A text counts as one node more for each of so many characters, since patterns are held against it. */
const charactersPerNode = 64

export function createSchemaCompiler(): FastifySchemaCompiler<object> {
  const options = { strict: false, verbose: true, useDefaults: true, messages: false } as const
  const first = new Ajv(options)
  const all = new Ajv({ ...options, allErrors: true, useDefaults: false })
  return ({ schema, httpPart }) => {
    const check = first.compile(schema)
    const checkAll = all.compile(schema)
    const validate = (value: unknown) =>
      check(value) ? { value } : { error: mistakesIn(value, check, checkAll, httpPart) }
    if (httpPart !== 'querystring') return validate
    const numbers = numericProperties(schema)
    return (value: unknown) => {
      convertNumbers(value as Record<string, unknown>, numbers)
      return validate(value)
    }
  }
}

function mistakesIn(value: unknown, check: ValidateFunction, checkAll: ValidateFunction, part?: string): Error {
  const found = check.errors ?? []
  if (!isSmall(value)) return invalidRequest(withoutNull(found).map((error) => fieldError(error, part)))
  checkAll(value)
  const errors = withoutNull(checkAll.errors ?? found).slice(0, errorsMax)
  return invalidRequest(errors.map((error) => fieldError(error, part)))
}

/**
 * Of a value that may be null and is neither null nor right, the one mistake: Ajv also says that it is not null, and that
 * none of the alternatives holds.
 */
function withoutNull(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const nullables = errors.filter(({ keyword, schema }) => keyword === 'anyOf' && isNullable(schema))
  const ofNullable = ({ instancePath, schemaPath }: ErrorObject) =>
    nullables.some((one) => one.instancePath === instancePath && schemaPath.startsWith(`${one.schemaPath}/`))
  return errors
    .filter((error) => !nullables.includes(error) && !(ofNullable(error) && error.params.type === 'null'))
    .map((error) => {
      const isType = error.keyword === 'type' && ofNullable(error)
      return isType ? { ...error, params: { type: [error.params.type, 'null'] } } : error
    })
}

const isNullable = (alternatives: unknown): boolean =>
  Array.isArray(alternatives) && alternatives.length === 2 && alternatives.some((one) => one?.type === 'null')

function isSmall(value: unknown): boolean {
  let left = listedNodesMax
  const count = (node: unknown): void => {
    left -= typeof node === 'string' ? 1 + node.length / charactersPerNode : 1
    if (left < 0 || typeof node !== 'object' || node === null) return
    for (const inner of Object.values(node)) {
      if (left < 0) return
      count(inner)
    }
  }
  count(value)
  return left >= 0
}

const keywordCodes: Readonly<Record<string, ItemErrorCode>> = {
  required: 'required',
  additionalProperties: 'unknown_field',
  type: 'invalid_type',
  minimum: 'out_of_range',
  maximum: 'out_of_range',
  minLength: 'too_short',
  minItems: 'too_short',
  maxLength: 'too_long',
  maxItems: 'too_long',
  maxProperties: 'too_long',
}

function fieldError(error: ErrorObject, part: string | undefined): FieldError {
  const own: unknown = error.parentSchema?.['x-error']
  const code =
    error.keyword === 'pattern' && typeof own === 'string' ? (own as ItemErrorCode) : keywordCodes[error.keyword]
  const path = pathOf(error)
  return { path, code: code ?? 'invalid_value', detail: detailOf(error, path || (part === 'body' ? 'the body' : 'it')) }
}

/** `/user_ids/3` as `user_ids[3]`; a missing or unknown field is named as well. */
function pathOf({ instancePath, params, keyword }: ErrorObject): string {
  const names = instancePath.split('/').slice(1).map(unescapePointer)
  if (keyword === 'required') names.push(params.missingProperty)
  if (keyword === 'additionalProperties') names.push(params.additionalProperty)
  let path = ''
  for (const name of names)
    path += /^\d+$/.test(name) ? `[${name}]` : `${path && '.'}${name.slice(0, 64).toWellFormed()}`
  return path
}

const unescapePointer = (text: string): string => text.replaceAll('~1', '/').replaceAll('~0', '~')

function detailOf({ keyword, params, parentSchema }: ErrorObject, path: string): string {
  switch (keyword) {
    case 'required':
      return `"${path}" is required.`
    case 'additionalProperties':
      return unknownFieldDetail(path, params.additionalProperty, Object.keys(parentSchema?.properties ?? {}))
    case 'type':
      return `"${path}" must be of type ${[params.type].flat().join(' or ')}.`
    case 'enum':
      return `"${path}" must be one of ${params.allowedValues.join(', ')}.`
    case 'const':
      return `"${path}" must be ${JSON.stringify(params.allowedValue)}.`
    case 'minimum':
    case 'maximum':
      return `"${path}" must be ${params.comparison} ${params.limit}.`
    case 'minLength':
    case 'minItems':
      return `"${path}" must have at least ${params.limit} ${keyword === 'minItems' ? 'entries' : 'characters'}.`
    case 'maxLength':
    case 'maxItems':
      return `"${path}" may have at most ${params.limit} ${keyword === 'maxItems' ? 'entries' : 'characters'}.`
    case 'pattern':
      return `"${path}" has a form that is not allowed.`
    default:
      return `"${path}" is not valid.`
  }
}

/** The text for a field that does not exist, with the nearest of those that do. */
export function unknownFieldDetail(path: string, name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known)
  return `There is no field "${path}"; ${nearest === undefined ? 'none is taken here' : `the nearest is "${nearest}"`}.`
}

function numericProperties(schema: object): readonly string[] {
  const properties = (schema as { properties?: Record<string, { type?: unknown }> }).properties ?? {}
  return Object.keys(properties).filter((name) => properties[name]?.type === 'integer')
}

const decimalPattern = /^(?:0|-?[1-9]\d{0,15})$/

function convertNumbers(query: Record<string, unknown>, names: readonly string[]): void {
  for (const name of names) {
    const text = query[name]
    if (typeof text === 'string' && decimalPattern.test(text)) query[name] = Number(text)
  }
}
