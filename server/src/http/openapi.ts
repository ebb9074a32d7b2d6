import { type HttpErrorCode, httpErrors } from '@headwater/protocol'
import type { FastifySchema, RouteOptions } from 'fastify'
import { componentsOf } from './components.ts'
import { problemType, waitAgain } from './problem.ts'
import { IdempotencyKey, Problem, UserId } from './schemas.ts'

type Json = Record<string, unknown>

const common: readonly HttpErrorCode[] = [
  'invalid_request',
  'request_timeout',
  'uri_too_long',
  'headers_too_large',
  'internal',
]
const withBody: readonly HttpErrorCode[] = ['invalid_json', 'body_too_large', 'unsupported_media_type']
const withKey: readonly HttpErrorCode[] = ['idempotency_in_progress', 'idempotency_key_reused', 'store_unavailable']

/**
 * The OpenAPI 3.1 document, made from the schemas that routes check with and from what is known of every route: who may
 * call it, and how it fails.
 */
export function openApiDocument(routes: readonly RouteOptions[], version: string): Json {
  const components = componentsOf()
  components.refer(Problem)
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    for (const method of [route.method].flat()) {
      if (method === 'HEAD' || method === 'OPTIONS') continue
      const path = route.url.replace(/:(\w+)/g, '{$1}')
      paths[path] = { ...paths[path], [method.toLowerCase()]: operation(route, method, components.refer) }
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Headwater',
      version,
      description: 'A server for activity streams. Errors are problem details (RFC 9457) with a stable `code`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ apiKey: [] }, { userToken: [] }],
    paths,
    components: {
      schemas: components.schemas,
      securitySchemes: {
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          description: "The customer's server. Acts for a user with X-User-Id.",
        },
        userToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'One user (HS256).' },
        streamTicket: { type: 'apiKey', in: 'query', name: 'ticket', description: 'Good for one stream.' },
      },
    },
  }
}

function operation(route: RouteOptions, method: string, refer: (schema: unknown) => unknown): Json {
  const schema = route.schema ?? {}
  const access = route.config?.access
  return {
    operationId: `${method.toLowerCase()}${route.url.replace(/[/:_.-]+(\w?)/g, (_, next: string) => next.toUpperCase())}`,
    ...(schema.summary && { summary: schema.summary }),
    ...(schema.description && { description: schema.description }),
    ...(schema.tags && { tags: schema.tags }),
    ...(access === 'public' && { security: schema.security ?? [] }),
    ...(access === 'server' && { security: [{ apiKey: [] }] }),
    ...(access === 'serverFromAfar' && { security: [{}, { apiKey: [] }] }),
    parameters: [...parametersOf(schema, refer), ...headerParameters(route, method, refer)],
    ...(schema.body !== undefined && { requestBody: { required: true, content: contentOf(schema.body, refer) } }),
    responses: { ...successes(schema, refer), ...failures(route, method, refer) },
  }
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, Json>>
  readonly required?: readonly string[]
}

function parametersOf(schema: FastifySchema, refer: (schema: unknown) => unknown): Json[] {
  const list = (part: unknown, place: 'path' | 'query'): Json[] => {
    const { properties = {}, required = [] } = (part ?? {}) as ObjectSchema
    return Object.entries(properties).map(([name, property]) => ({
      name,
      in: place,
      required: place === 'path' || (required.includes(name) && property.default === undefined),
      ...(typeof property.description === 'string' && { description: property.description }),
      schema: refer(property),
    }))
  }
  return [...list(schema.params, 'path'), ...list(schema.querystring, 'query')]
}

function headerParameters(route: RouteOptions, method: string, refer: (schema: unknown) => unknown): Json[] {
  const header = (name: string, description: string, schema: unknown): Json => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: refer(schema),
  })
  const headers: Json[] = []
  if (route.schema?.problems?.includes('user_required')) {
    headers.push(header('X-User-Id', 'With the API key: the user acted for.', UserId))
  }
  if (isRepeatable(route, method)) {
    headers.push(header('Idempotency-Key', 'The same key and body get the same answer for 24 h.', IdempotencyKey))
  }
  return headers
}

/** Answers are kept for the caller who asked, so there must be one. */
const isRepeatable = ({ config }: RouteOptions, method: string): boolean =>
  method === 'POST' && config?.access !== 'public'

function contentOf(schema: unknown, refer: (schema: unknown) => unknown): Json {
  const { content } = schema as { readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> }
  if (!content) return { 'application/json': { schema: refer(schema) } }
  const types = Object.entries(content)
  return Object.fromEntries(types.map(([type, part]) => [type, { ...part, schema: refer(part.schema ?? {}) }]))
}

function successes(schema: FastifySchema, refer: (schema: unknown) => unknown): Json {
  const answers = Object.entries((schema.response ?? {}) as Record<string, Json>)
  return Object.fromEntries(
    answers.map(([status, answer]) => {
      const description = typeof answer.description === 'string' ? answer.description : (statusTexts[status] ?? 'OK')
      return [status, { description, ...(answer.type !== 'null' && { content: contentOf(answer, refer) }) }]
    }),
  )
}

const statusTexts: Readonly<Record<string, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'Done; no body',
  503: 'Not ready',
}

function failures(route: RouteOptions, method: string, refer: (schema: unknown) => unknown): Json {
  const byStatus = new Map<number, HttpErrorCode[]>()
  for (const code of new Set(problemCodes(route, method))) {
    const { status } = httpErrors[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  const declared = (route.schema?.response ?? {}) as Readonly<Record<number, object>>
  const answer = (status: number, codes: readonly HttpErrorCode[]): Json => ({
    description: codes.map((code) => `\`${code}\``).join(' · '),
    ...(waitAgain.has(status) && { headers: retryAfter }),
    content: contentOf(declared[status] ?? { content: { [problemType]: { schema: Problem } } }, refer),
  })
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, answer(status, codes)]))
}

const retryAfter = { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer', minimum: 1 } } }

function problemCodes(route: RouteOptions, method: string): HttpErrorCode[] {
  const codes: HttpErrorCode[] = [...(route.schema?.problems ?? []), ...common]
  if (route.config?.access !== 'public') codes.push('unauthenticated', 'rate_limited')
  if (route.config?.access === 'server' || route.config?.access === 'serverFromAfar') codes.push('forbidden')
  if (method !== 'GET') codes.push(...withBody)
  if (isRepeatable(route, method)) codes.push(...withKey)
  return codes.sort((a, b) => httpErrors[a].status - httpErrors[b].status)
}
