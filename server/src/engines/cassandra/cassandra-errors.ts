import { HeadwaterError, UnknownOutcome } from '../../lib/error.ts'

/** Error codes of the native protocol (v4, section 9) that are told apart. */
const code = {
  serverError: 0x0000,
  badCredentials: 0x0100,
  unavailable: 0x1000,
  overloaded: 0x1001,
  bootstrapping: 0x1002,
  truncate: 0x1003,
  writeTimeout: 0x1100,
  readTimeout: 0x1200,
  readFailure: 0x1300,
  writeFailure: 0x1500,
  unauthorized: 0x2100,
}

/** What a request was: it decides what a lost answer means. */
export type RequestKind = 'read' | 'write' | 'conditional'

/** `refused`: it will never work. `unavailable`: nothing was done. `unknown`: a write may be stored now or later. */
export type FailureKind = 'refused' | 'unavailable' | 'unknown'

interface DriverError {
  readonly name?: string
  readonly code?: unknown
  readonly isSocketError?: boolean
  readonly requestNotWritten?: boolean
  readonly innerErrors?: Readonly<Record<string, unknown>>
}

export function failureOf(error: unknown, request: RequestKind): FailureKind {
  const failure = outcomeOf(error as DriverError)
  return failure === 'unknown' && request === 'read' ? 'unavailable' : failure
}

function outcomeOf(error: DriverError | null): FailureKind {
  if (typeof error !== 'object' || error === null) return 'unknown'
  if (error.requestNotWritten) return 'unavailable'
  if (error.isSocketError || error.name === 'OperationTimedOutError') return 'unknown'
  if (error.name === 'NoHostAvailableError') {
    // Hosts that were tried before the last one may have had the request.
    const tried = Object.values(error.innerErrors ?? {})
    return tried.some((each) => outcomeOf(each as DriverError) === 'unknown') ? 'unknown' : 'unavailable'
  }
  if (error.name === 'BusyConnectionError') return 'unavailable'
  if (typeof error.code === 'number') return ofResponse(error.code)
  // Of a host that could not be reached or of a client that was shut down.
  return isConnecting(error) ? 'unavailable' : 'refused'
}

function ofResponse(response: number): FailureKind {
  if (response === code.unavailable || response === code.overloaded || response === code.bootstrapping)
    return 'unavailable'
  // Whatever is asked for: that is not the request's fault.
  if (response === code.badCredentials || response === code.unauthorized) return 'unavailable'
  if (response === code.serverError) return 'unknown'
  if (response >= code.truncate && response < 0x2000) return 'unknown'
  return 'refused'
}

/** A value that the driver cannot send has a code as well, and will never do. */
const isConnecting = (error: DriverError): boolean =>
  (typeof error.code === 'string' && !(error instanceof RangeError || error instanceof TypeError)) ||
  error.name === 'AuthenticationError' ||
  isShutDown(error)

const isShutDown = (error: DriverError): boolean =>
  /shut ?down|shutting|closed/i.test((error as { readonly message?: string }).message ?? '')

/** What a failed request means to whoever asked for it. */
export function errorOf(error: unknown, request: RequestKind): Error {
  if (HeadwaterError.is(error) || UnknownOutcome.is(error)) return error as Error
  switch (failureOf(error, request)) {
    case 'refused':
      return new HeadwaterError('internal', { cause: error })
    case 'unavailable':
      return new HeadwaterError('store_unavailable', { cause: error, retryAfterS: 1 })
    case 'unknown':
      return new UnknownOutcome('the write may or may not be stored', { cause: error })
  }
}

/** An open that fails: the detail is for the operator. */
export const refusal = (detail: string, cause?: unknown): HeadwaterError =>
  new HeadwaterError('store_unavailable', { detail, cause })
