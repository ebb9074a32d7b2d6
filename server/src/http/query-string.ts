import type { FastifyRequest, FastifySchema } from 'fastify'
import { nearestName } from './nearest-name.ts'
import { type FieldError, invalidRequest } from './problem.ts'

/** Each costs a search for the nearest name. */
const errorsMax = 8

type Query = Record<string, string | string[]>

/** Parameters as text; one that is given more than once becomes a list, which no schema takes. */
export function parseQuery(text: string): Query {
  const query: Query = Object.create(null)
  for (const [name, value] of new URLSearchParams(text)) {
    const before = query[name]
    query[name] =
      before === undefined ? value : [...(typeof before === 'string' ? [before] : before), value].slice(0, 2)
  }
  return query
}

/** Unknown, empty and repeated parameters are mistakes, and said to be. An empty cursor is left to the cursor's check. */
export function checkQuery(request: FastifyRequest): void {
  const query = request.query as Query
  const known = parameterNames(request.routeOptions.schema)
  const errors: FieldError[] = []
  for (const name in query) {
    const error = parameterError(name, query[name], known)
    if (error) errors.push(error)
    if (errors.length >= errorsMax) break
  }
  if (errors.length > 0) throw invalidRequest(errors)
}

function parameterError(name: string, value: unknown, known: readonly string[]): FieldError | undefined {
  if (!known.includes(name)) return unknownName(name, known)
  if (Array.isArray(value)) return { path: name, code: 'repeated', detail: `"${name}" may be given once.` }
  if (value === '' && name !== 'cursor') return { path: name, code: 'too_short', detail: `"${name}" is empty.` }
  return undefined
}

function unknownName(name: string, known: readonly string[]): FieldError {
  const shown = name.slice(0, 64).toWellFormed()
  const nearest = nearestName(shown, known)
  const hint = nearest === undefined ? 'this route takes none' : `the nearest is "${nearest}"`
  return { path: shown, code: 'unknown_field', detail: `There is no parameter "${shown}"; ${hint}.` }
}

function parameterNames(schema: FastifySchema | undefined): readonly string[] {
  const querystring = schema?.querystring as { readonly properties?: object } | undefined
  return Object.keys(querystring?.properties ?? {})
}
