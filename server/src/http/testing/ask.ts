import type { TestAnswer, TestRequest } from '../../testing.ts'

interface Asked {
  readonly user?: string | undefined
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly signal?: AbortSignal | undefined
}

/** What `fetch` takes for a request with an API key or a token, for a user if one is given; a body that is no text is sent as JSON. */
export const requestWith = (
  credential: string | null,
  method: string,
  { user, body, headers, signal }: Asked = {},
): RequestInit => ({
  method,
  headers: {
    ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
    ...(user === undefined ? {} : { 'x-user-id': user }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...headers,
  },
  ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  ...(signal === undefined ? {} : { signal }),
})

/** One request to a server, and its answer, parsed if it is JSON. */
export async function ask(
  { url, apiKey }: { readonly url: string; readonly apiKey: string },
  method: string,
  path: string,
  { token, ...asked }: TestRequest = {},
): Promise<TestAnswer> {
  const response = await fetch(url + path, requestWith(token === undefined ? apiKey : token, method, asked))
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return { status: response.status, headers: response.headers, body: isJson && text !== '' ? JSON.parse(text) : text }
}
