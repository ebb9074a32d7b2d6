/** Examples for `/docs`, made from the schemas that requests are checked with: a call with what it must have, and an answer. */

type Json = Readonly<Record<string, unknown>>

export interface ExampleRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** The least that a route takes, with the API key where it needs somebody. */
export function requestExample(method: string, path: string, operation: Json, schemas: Json): ExampleRequest {
  const parameters = (operation.parameters ?? []) as readonly Json[]
  const content = (operation.requestBody as Json | undefined)?.content as Json | undefined
  const json = content?.['application/json'] as Json | undefined
  const isOpen = Array.isArray(operation.security) && !JSON.stringify(operation.security).includes('apiKey')
  return {
    method: method.toUpperCase(),
    url: path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(textNamed(name))),
    headers: {
      ...(isOpen ? {} : { Authorization: 'Bearer $KEY' }),
      ...(parameters.some(({ name }) => name === 'X-User-Id') ? { 'X-User-Id': textNamed('user_id') } : {}),
      ...(json ? { 'Content-Type': 'application/json' } : {}),
    },
    ...(json ? { body: sampleOf(json.schema as Json, schemas) } : {}),
  }
}

/** As it is typed into a shell, with the server's address in `$URL` and the key in `$KEY`. */
export function curlOf({ method, url, headers, body }: ExampleRequest, streams: boolean): string {
  const isPlain = method === 'GET' || (method === 'POST' && body !== undefined)
  const quoted = (text: string) => (text.includes('$') ? `"${text}"` : `'${text}'`)
  const lines = [
    `curl ${streams ? '-N ' : ''}${isPlain ? '' : `-X ${method} `}$URL${url}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`-d '${JSON.stringify(body, null, 1).replace(/\n */g, ' ')}'`]),
  ]
  return lines.join(' \\\n  ')
}

/** A value of the schema: of alternatives the first, of an object what must be there. */
export function sampleOf(schema: Json, schemas: Json, name = ''): unknown {
  const { $ref, anyOf, enum: values, const: constant, type, items, properties, required = [], minimum } = schema
  if (typeof $ref === 'string') return sampleOf(schemas[$ref.split('/').at(-1) ?? ''] as Json, schemas, name)
  if (Array.isArray(anyOf)) return sampleOf(anyOf[0] as Json, schemas, name)
  if (Array.isArray(values)) return values[0]
  if (constant !== undefined) return constant
  if (type === 'array') return [sampleOf(items as Json, schemas, name)]
  if (type === 'object') {
    const present = Object.entries((properties ?? {}) as Json).filter(([key]) => (required as string[]).includes(key))
    return Object.fromEntries(present.map(([key, one]) => [key, sampleOf(one as Json, schemas, key)]))
  }
  if (type === 'boolean') return false
  if (type === 'integer' || type === 'number') return name.endsWith('_at') ? exampleTime : Number(minimum ?? 1)
  return textNamed(name)
}

const exampleTime = Date.UTC(2026, 0, 1, 12)

const texts: Readonly<Record<string, string>> = {
  actor_id: 'mia',
  avatar_url: 'https://example.com/mia.png',
  epoch: '019b7940-7c00-7000-8000-000000000001',
  event_id: '019b7940-7c00-7000-8000-000000000000',
  event_ids: '019b7940-7c00-7000-8000-000000000000',
  group_id: 'vt3fs4i0g7q2m5k8d1h6j9n0p',
  group_ids: 'vt3fs4i0g7q2m5k8d1h6j9n0p',
  id: 'mia',
  latest_preview: 'Sunset at the lake',
  locale: 'en',
  name: 'Mia',
  object_id: 'p1',
  object_type: 'POST',
  summary: 'Mia liked your post',
  target_user_id: 'carol',
  user_id: 'carol',
  user_ids: 'carol',
  verb: '',
}

const textNamed = (name: string): string => texts[name] ?? '…'
