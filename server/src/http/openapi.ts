import { type HttpErrorCode, httpErrors } from '@headwater/protocol'
import type { FastifySchema, RouteOptions } from 'fastify'
import { componentsOf } from './components.ts'
import { problemType } from './problem.ts'
import { Problem } from './schemas.ts'

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
    ...(access === 'public' && { security: [] }),
    ...(access === 'server' && { security: [{ apiKey: [] }] }),
    parameters: [...parametersOf(schema, refer), ...headerParameters(schema, method)],
    ...(schema.body !== undefined && { requestBody: { required: true, content: contentOf(schema.body, refer) } }),
    responses: { ...successes(schema, refer), ...failures(route, method) },
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

function headerParameters(schema: FastifySchema, method: string): Json[] {
  const header = (name: string, description: string): Json => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  })
  const headers: Json[] = []
  if (schema.problems?.includes('user_required'))
    headers.push(header('X-User-Id', 'With the API key: the user acted for.'))
  if (method === 'POST') headers.push(header('Idempotency-Key', 'The same key and body get the same answer for 24 h.'))
  return headers
}

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

function failures(route: RouteOptions, method: string): Json {
  const byStatus = new Map<number, HttpErrorCode[]>()
  for (const code of new Set(problemCodes(route, method))) {
    const { status } = httpErrors[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  const declared = Object.keys((route.schema?.response ?? {}) as object)
  const content = { [problemType]: { schema: { $ref: '#/components/schemas/Problem' } } }
  return Object.fromEntries(
    [...byStatus]
      .filter(([status]) => !declared.includes(String(status)))
      .map(([status, codes]) => [status, { description: codes.map((code) => `\`${code}\``).join(' · '), content }]),
  )
}

function problemCodes(route: RouteOptions, method: string): HttpErrorCode[] {
  const codes: HttpErrorCode[] = [...(route.schema?.problems ?? []), ...common]
  if (route.config?.access !== 'public') codes.push('unauthenticated', 'rate_limited')
  if (route.config?.access === 'server') codes.push('forbidden')
  if (method !== 'GET') codes.push(...withBody)
  if (method === 'POST') codes.push(...withKey)
  return codes.sort((a, b) => httpErrors[a].status - httpErrors[b].status)
}
