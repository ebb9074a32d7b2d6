import { requestWith } from '../../src/http/testing/ask.ts'
import { apiKey } from '../crash/child-contract.ts'

export interface CallOptions {
  readonly user?: string
  readonly body?: unknown
  readonly signal?: AbortSignal
}

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  readonly body: any
  readonly retryAfter: string | null
}

export async function askServer(url: string, method: string, path: string, call: CallOptions = {}): Promise<Answer> {
  const response = await fetch(url + path, requestWith(apiKey, method, call))
  const text = await response.text()
  return {
    status: response.status,
    body: text === '' ? undefined : JSON.parse(text),
    retryAfter: response.headers.get('retry-after'),
  }
}

/** The body of an answer that must be a good one. */
// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
export async function callServer(url: string, method: string, path: string, call: CallOptions = {}): Promise<any> {
  const { status, body } = await askServer(url, method, path, call)
  if (status >= 400) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`)
  return body
}
