import assert from 'node:assert/strict'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { type HttpErrorCode, httpErrors, itemErrors, type Problem } from '@headwater/protocol'
import type { TestServer } from '../../../src/testing.ts'

/** Requests as nobody's client library would send them, and what an answer to them has to look like. */

export interface Ask {
  readonly method?: string
  readonly path: string
  /** Text and bytes go out as they are, anything else as JSON. */
  readonly body?: unknown
  /** `null`: without one. Default: JSON where there is a body. */
  readonly type?: string | null
  /** Whom the API key acts for. */
  readonly user?: string
  /** Instead of the API key; `null`: none. */
  readonly token?: string | null
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any
}

/** Real time that an answer may take before the test fails; nothing is expected to come near it. */
const deadlineMs = 20_000

export const portOf = ({ url }: TestServer): number => Number(new URL(url).port)

/** Sends a request whose path, headers and body are left as they are. */
export async function ask(server: TestServer, { method = 'GET', path, body, type, ...who }: Ask): Promise<Answer> {
  const payload = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const contentType = type === undefined && payload !== undefined ? 'application/json' : type
  const token = who.token === undefined ? server.apiKey : who.token
  const headers = {
    ...(token !== null && { authorization: `Bearer ${token}` }),
    ...(who.user !== undefined && { 'x-user-id': who.user }),
    ...(typeof contentType === 'string' && { 'content-type': contentType }),
    ...(payload !== undefined && { 'content-length': String(Buffer.byteLength(payload)) }),
    ...who.headers,
  }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const options = { host: '127.0.0.1', port: portOf(server), method, path, headers, agent: false, timeout: deadlineMs }
  const request = httpRequest(options as object, resolve)
  request.on('timeout', () => request.destroy(new Error(`no answer to ${method} ${path.slice(0, 80)}`)))
  request.on('error', reject)
  request.end(payload)
  const response = await promise
  return answerOf(response.statusCode ?? 0, response.headers as Record<string, string>, await textOf(response))
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function answerOf(status: number, headers: Readonly<Record<string, string>>, text: string): Answer {
  const isJson = headers['content-type']?.includes('json') === true && text !== ''
  return { status, headers, text, body: isJson ? JSON.parse(text) : undefined }
}

/** Writes bytes on a bare connection, and gives back all that comes until the server hangs up. */
export async function exchange(server: TestServer, ...parts: readonly (string | Buffer)[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let received = ''
  const socket = connect(portOf(server), '127.0.0.1', () => {
    for (const part of parts) socket.write(part)
  })
  const late = setTimeout(() => reject(new Error('the server neither answered nor hung up')), deadlineMs)
  socket.setEncoding('utf8').on('data', (text) => {
    received += text
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    clearTimeout(late)
    resolve(received)
  })
  return promise.finally(() => socket.destroy())
}

/** The first answer in what a bare connection gave back. */
export function firstAnswer(received: string): Answer {
  const end = received.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = received.slice(0, end).split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const length = Number(headers['content-length'] ?? 0)
  const text = Buffer.from(received.slice(end + 4))
    .subarray(0, length)
    .toString()
  return answerOf(Number(statusLine.split(' ')[1]), headers, text)
}

/** Of code, files, queries and secrets. The secrets are those of `startHeadwater`. */
const inside =
  /node_modules|node:|\.[cm]?[jt]s\b|\n\s+at |FST_|HPE_|ERR_|SELECT |sqlite|\/work|\/home|test-api-key|only this test server/i

/** A failed request's answer says what went wrong, and nothing about what made it. */
export function assertProblem(answer: Answer, status: number, code: HttpErrorCode, itemCode?: string): Problem {
  const problem = answer.body as Problem
  assert.deepEqual([answer.status, problem?.code], [status, code], answer.text.slice(0, 400))
  assert.equal(answer.headers['content-type'], 'application/problem+json')
  assert.equal(answer.headers['x-content-type-options'], 'nosniff')
  assert.deepEqual(Object.keys(problem).slice(0, 5), ['type', 'title', 'status', 'detail', 'code'])
  assert.equal(problem.type, `urn:headwater:error:${code}`)
  assert.deepEqual([problem.title, problem.status], [httpErrors[code].title, status])
  assert.ok(typeof problem.detail === 'string' && problem.detail !== '')
  assert.doesNotMatch(answer.text, inside)
  for (const error of problem.errors ?? []) {
    assert.ok(Object.hasOwn(itemErrors, error.code), error.code)
    assert.deepEqual(Object.keys(error).sort(), ['code', 'detail', 'path'])
  }
  if (itemCode !== undefined) assert.equal(problem.errors?.[0]?.code, itemCode, answer.text.slice(0, 400))
  if ([409, 429, 503].includes(status)) assert.ok(Number(answer.headers['retry-after']) >= 1)
  if (status === 401) assert.equal(answer.headers['www-authenticate'], 'Bearer')
  if (status === 405) assert.notEqual(answer.headers.allow ?? '', '')
  return problem
}
