import {
  type CloseReason,
  closeCodes,
  type HttpErrorCode,
  httpErrors,
  type Problem,
  type RejectedEvent,
} from '@headwater/protocol'

const brand = Symbol.for('headwater.client_error')

/** Failures that no answer of the server names, with what they mean and whether the same call may work later. */
export const clientErrors = {
  network: { title: 'The server could not be reached, or its answer was lost', retryable: true },
  timeout: { title: 'The server did not answer in time', retryable: true },
  invalid_option: { title: 'An option of createClient is wrong', retryable: false },
  invalid_argument: { title: 'An argument of the call is wrong', retryable: false },
  aborted: { title: 'The call was aborted by its caller', retryable: false },
  bad_response: { title: 'The answer is not one that this API gives', retryable: false },
  no_token: { title: 'No credential: pass `token`, or on a server an `apiKey` that is set', retryable: false },
  token_unavailable: { title: 'The token function failed', retryable: true },
  chain_broken: { title: 'The stream skipped something', retryable: true },
} as const satisfies Record<string, { title: string; retryable: boolean }>

export type ClientErrorCode = keyof typeof clientErrors

/** A code of the server's HTTP errors, of its close codes, or of this client. A newer server may send others. */
export type ErrorCode = HttpErrorCode | CloseReason | ClientErrorCode | (string & {})

export interface HeadwaterErrorOptions {
  readonly status?: number
  readonly detail?: string
  readonly retryable?: boolean
  readonly retryAfterMs?: number | null
  readonly errors?: Problem['errors']
  readonly rejected?: readonly RejectedEvent[]
  readonly badge?: Problem['badge'] | null
  readonly cause?: unknown
}

/** Every failure of this package. Recognise it with `HeadwaterError.is`, which holds across copies of the package. */
export class HeadwaterError extends Error {
  readonly [brand] = true
  /** Stable; decide on this one. */
  readonly code: ErrorCode
  /** The HTTP status, 0 when there was no HTTP answer. */
  readonly status: number
  /** What went wrong, for a developer. Not for showing to users. */
  readonly detail: string
  /** True when the same call may succeed later without change. */
  readonly retryable: boolean
  /** How long the server asks to wait, in milliseconds; `null` when it did not say. */
  readonly retryAfterMs: number | null
  /** What is wrong with which field, when a body or query failed validation. */
  readonly errors: NonNullable<Problem['errors']>
  /** Which events were refused and why, after `events.send`. */
  readonly rejected: readonly RejectedEvent[]
  /** The counts as the server knew them last, where it could not read the list; `null` without. */
  readonly badge: NonNullable<Problem['badge']> | null

  constructor(code: ErrorCode, options: HeadwaterErrorOptions = {}) {
    const detail = options.detail ?? knownTitle(code) ?? code
    super(`${code}: ${detail}`, { cause: options.cause })
    this.name = 'HeadwaterError'
    this.code = code
    this.status = options.status ?? 0
    this.detail = detail
    this.retryable = options.retryable ?? knownRetryable(code)
    this.retryAfterMs = options.retryAfterMs ?? null
    this.errors = options.errors ?? []
    this.rejected = options.rejected ?? []
    this.badge = options.badge ?? null
  }

  /** Whether `value` is an error of this package, whichever copy of it made the value. */
  static is(value: unknown): value is HeadwaterError {
    return typeof value === 'object' && value !== null && brand in value
  }

  /** Anything thrown, as a `HeadwaterError`; a foreign one becomes `network` with it as the cause. */
  static from(value: unknown): HeadwaterError {
    return HeadwaterError.is(value) ? value : new HeadwaterError('network', { cause: value })
  }
}

const closeNames = new Map<number, CloseReason>(
  Object.entries(closeCodes).map(([name, code]) => [code, name as CloseReason]),
)

/** What a WebSocket close code says. Codes outside the table are a lost connection. */
export function closeError(closeCode: number, detail?: string): HeadwaterError {
  const retryable = !isFatalClose(closeCode)
  const name = closeNames.get(closeCode) ?? (closeCode >= 4000 && closeCode < 5000 ? `closed_${closeCode}` : 'network')
  return new HeadwaterError(name, { retryable, detail: detail || `The connection was closed (${closeCode})` })
}

/** 4500–4999: never again with the same token. */
export function isFatalClose(closeCode: number): boolean {
  return closeCode >= 4500 && closeCode < 5000
}

/** The server speaks of headers; who uses this package has options. */
export function detailOf(code: string, detail: string): string {
  return code === 'user_required' ? 'An API key acts for a user: pass it as `apiKey`, and the user as `userId`' : detail
}

function knownTitle(code: string): string | undefined {
  if (Object.hasOwn(clientErrors, code)) return clientErrors[code as ClientErrorCode].title
  if (Object.hasOwn(httpErrors, code)) return httpErrors[code as HttpErrorCode].title
  return undefined
}

function knownRetryable(code: string): boolean {
  if (Object.hasOwn(clientErrors, code)) return clientErrors[code as ClientErrorCode].retryable
  if (Object.hasOwn(httpErrors, code)) return httpErrors[code as HttpErrorCode].retryable
  return false
}
