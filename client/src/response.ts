import type { Problem, RejectedEvent } from '@headwater/protocol'
import { detailOf, HeadwaterError } from './error.ts'

/** The JSON of a good answer, `undefined` when it has no body. Throws what a bad one says. */
export async function readAnswer(response: Response, now: number): Promise<unknown> {
  const text = await response.text()
  if (!response.ok) throw problemOf(response, text, now)
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new HeadwaterError('bad_response', { status: response.status, detail: 'The answer is not JSON', cause })
  }
}

/** The error that an answer carries; one that is no problem document comes from something between us and the server. */
export function problemOf(response: Response, text: string, now: number): HeadwaterError {
  const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), sentAt(response) ?? now)
  const { status } = response
  const problem = parseProblem(text)
  if (!problem) {
    const retryable = status === 408 || status === 429 || status >= 502
    return new HeadwaterError('bad_response', {
      status,
      retryable,
      retryAfterMs,
      detail: `The answer was HTTP ${status}`,
    })
  }
  return new HeadwaterError(problem.code, {
    status,
    retryAfterMs,
    detail: detailOf(problem.code, problem.detail ?? problem.title ?? problem.code),
    errors: problem.errors ?? [],
    rejected: problem.rejected ?? [],
    badge: problem.badge ?? null,
    // A code that this version does not know: the status says enough.
    retryable: status === 408 || status === 429 || status >= 500 || problem.code === 'idempotency_in_progress',
  })
}

/** When the answer was made, by the clock that also wrote a date in `Retry-After`. Pages of another origin cannot see it. */
function sentAt(response: Response): number | null {
  const date = Date.parse(response.headers.get('date') ?? '')
  return Number.isNaN(date) ? null : date
}

/** `Retry-After` in milliseconds from now: seconds or an HTTP date. `null` when it is missing or means nothing. */
export function parseRetryAfter(value: string | null, now: number): number | null {
  if (value === null || value.trim() === '') return null
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const date = Date.parse(value)
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}

type ParsedProblem = Partial<Omit<Problem, 'code'>> & {
  readonly code: string
  readonly rejected?: readonly RejectedEvent[]
}

function parseProblem(text: string): ParsedProblem | null {
  try {
    const value: unknown = JSON.parse(text)
    const hasCode = typeof value === 'object' && value !== null && 'code' in value && typeof value.code === 'string'
    return hasCode ? (value as ParsedProblem) : null
  } catch {
    return null
  }
}
