import { type HttpErrorCode, httpErrors, type Problem } from '@headwater/protocol'

const brand = Symbol.for('headwater.error')

export interface ErrorOptions {
  /** Public: what the caller can do about it. Holds no secret, path or query. */
  readonly detail?: string
  readonly errors?: Problem['errors']
  readonly retryAfterS?: number
  readonly badge?: Problem['badge']
  /** For the log alone. */
  readonly cause?: unknown
}

/** The one error class. `code` decides status and title; `detail` is public, `cause` is for the log. */
export class HeadwaterError extends Error {
  readonly [brand] = true
  readonly code: HttpErrorCode
  readonly detail: string
  readonly errors: Problem['errors']
  readonly retryAfterS: number | undefined
  readonly badge: Problem['badge']

  constructor(code: HttpErrorCode, options: ErrorOptions = {}) {
    super(`${code}: ${options.detail ?? httpErrors[code].title}`, { cause: options.cause })
    this.name = 'HeadwaterError'
    this.code = code
    this.detail = options.detail ?? httpErrors[code].title
    this.errors = options.errors
    this.retryAfterS = options.retryAfterS
    this.badge = options.badge
  }

  get status(): number {
    return httpErrors[this.code].status
  }

  get retryable(): boolean {
    return httpErrors[this.code].retryable
  }

  static is(value: unknown): value is HeadwaterError {
    return typeof value === 'object' && value !== null && brand in value
  }
}

/**
 * The outcome of a write is not known: it may have been stored, now or later. Never treat it as failed: the same write
 * again is safe, or a read settles it.
 */
export class UnknownOutcome extends Error {
  readonly unknownOutcome = true
  static is(value: unknown): value is UnknownOutcome {
    return typeof value === 'object' && value !== null && 'unknownOutcome' in value
  }
}
