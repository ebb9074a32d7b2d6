import { resolve } from 'node:path'
import type { HttpErrorCode, Problem } from '@headwater/protocol'
import { isLoopback } from '../config/checks.ts'
import type { Settings } from '../config/schema.ts'
import { readDevelopmentSecrets } from '../config/secrets.ts'
import { type Call, CommandFailure, type OptionSpec, textOption } from './command.ts'
import { settingsOf } from './configuration.ts'
import { readServerFile } from './server-file.ts'

/** A running server and the key to call it with. */
export interface Target {
  readonly url: string
  readonly apiKey: string
}

export const targetOptions: Readonly<Record<string, OptionSpec>> = {
  url: { value: 'URL', doc: 'The server to call; else HEADWATER_URL, else the one that runs on this data directory.' },
}

/** The server that a call is about, from the option, the environment, or the data directory it shares with the server. */
export function targetOf(call: Call): Target {
  const { settings } = settingsOf(call)
  const dir = resolve(call.io.cwd, settings.data.dir)
  const apiKey = settings.auth.apiKey || readDevelopmentSecrets(dir)?.apiKey
  if (!apiKey) {
    throw new CommandFailure(
      `no API key: set HEADWATER_API_KEY, or name the server's data directory with --data (${dir} has no development key)`,
    )
  }
  const url =
    textOption(call, 'url') ??
    (call.io.environment.HEADWATER_URL || readServerFile(dir)?.url || configuredUrl(settings))
  if (!/^https?:\/\//.test(url)) throw new CommandFailure(`${JSON.stringify(url)} is no address of a server`)
  return { url: url.replace(/\/+$/, ''), apiKey }
}

function configuredUrl({ http: { host, port } }: Settings): string {
  const name = isLoopback(host) ? host : '127.0.0.1'
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/** A failed request, told as the server told it. */
export class RequestFailure extends CommandFailure {
  readonly status: number
  readonly code: HttpErrorCode | undefined
  readonly retryAfterS: number

  constructor(status: number, code: HttpErrorCode | undefined, text: string, retryAfterS = 0) {
    super(text)
    this.status = status
    this.code = code
    this.retryAfterS = retryAfterS
  }
}

export interface CallOptions {
  readonly body?: unknown
  /** Act for this user. */
  readonly user?: string
  readonly signal?: AbortSignal
}

/** One request; the parsed answer, or a `RequestFailure`. */
export async function request<Answer>(
  { url, apiKey }: Target,
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  { body, user, signal }: CallOptions = {},
): Promise<Answer> {
  let response: Response
  try {
    response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(user === undefined ? {} : { 'x-user-id': user }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    })
  } catch (error) {
    const cause = (error as Error).cause as { readonly code?: string } | undefined
    throw new CommandFailure(
      `no answer from ${url} (${cause?.code ?? (error as Error).message}); is the server running?`,
    )
  }
  if (response.ok) return (response.status === 204 ? undefined : await answerOf(response, url)) as Answer
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>
  const text = problem.detail ?? problem.title ?? response.statusText
  throw new RequestFailure(
    response.status,
    problem.code,
    `${response.status} ${problem.code ?? ''}: ${text}`,
    Number(response.headers.get('retry-after') ?? 0),
  )
}

async function answerOf(response: Response, url: string): Promise<unknown> {
  try {
    return await response.json()
  } catch {
    throw new CommandFailure(`what answers at ${url} is no Headwater`)
  }
}
