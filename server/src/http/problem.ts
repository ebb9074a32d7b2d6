import { type HttpErrorCode, httpErrors, type ItemErrorCode, type Problem } from '@headwater/protocol'
import type { FastifyError, FastifyReply } from 'fastify'
import { HeadwaterError, UnknownOutcome } from '../lib/error.ts'
import { sendAsIs } from './send-as-is.ts'

/** One field that is wrong. `path` is written as in a program: `metadata.link`, `user_ids[3]`. */
export interface FieldError {
  readonly path: string
  readonly code: ItemErrorCode
  readonly detail: string
}

export const invalidRequest = (errors: readonly FieldError[], detail?: string): HeadwaterError =>
  new HeadwaterError('invalid_request', { errors, detail: detail ?? errors[0]?.detail ?? 'The request is not valid' })

export const invalidField = (path: string, code: ItemErrorCode, detail: string): HeadwaterError =>
  invalidRequest([{ path, code, detail }])

/** What Fastify itself refuses, in our codes. Its own texts are not passed on. */
const frameworkCodes: Readonly<Record<string, readonly [HttpErrorCode, string?]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body_too_large', 'A body may have up to 4 MiB.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type'],
  FST_ERR_CTP_EMPTY_TYPE: ['unsupported_media_type'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid_json', 'The body is empty.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['invalid_json'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid_request', 'Content-Length does not match the body.'],
  FST_ERR_BAD_URL: ['invalid_request', 'The address cannot be decoded.'],
  FST_ERR_INVALID_URL: ['invalid_request', 'The address cannot be decoded.'],
  FST_ERR_MAX_PARAM_LENGTH: ['uri_too_long'],
  FST_ERR_NOT_FOUND: ['route_not_found'],
  FST_ERR_HANDLER_TIMEOUT: ['overloaded'],
}

/** Every error as one of ours. What is not known is `internal`, with the original as cause for the log. */
export function toHeadwaterError(error: unknown): HeadwaterError {
  if (HeadwaterError.is(error)) return error
  if (UnknownOutcome.is(error)) {
    return new HeadwaterError('store_unavailable', {
      detail: 'It is not known whether this was stored. Sending the same again is safe.',
      cause: error,
    })
  }
  const { code, statusCode } = (error ?? {}) as Partial<FastifyError>
  const known = code === undefined ? undefined : frameworkCodes[code]
  if (known) return new HeadwaterError(known[0], { ...(known[1] && { detail: known[1] }), cause: error })
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new HeadwaterError('invalid_request', { cause: error })
  }
  return new HeadwaterError('internal', { cause: error })
}

export function problemOf(error: HeadwaterError): Problem {
  const { status, title } = httpErrors[error.code]
  // A failure on our side says nothing of its own: a detail could name what a caller should not learn.
  const detail = error.code === 'internal' ? title : error.detail
  return {
    type: `urn:headwater:error:${error.code}`,
    title,
    status,
    detail,
    code: error.code,
    ...(error.errors && error.errors.length > 0 && { errors: error.errors }),
    ...(error.badge && { badge: error.badge }),
  }
}

export const problemType = 'application/problem+json'
/** Statuses that say with `Retry-After` when to try again. */
export const waitAgain: ReadonlySet<number> = new Set([409, 429, 503])

export function sendProblem(reply: FastifyReply, error: HeadwaterError): FastifyReply {
  if (error.status === 401) reply.header('www-authenticate', 'Bearer')
  // Who names an upgrade has to name it in Connection as well (RFC 9110, section 7.8).
  if (error.status === 426) reply.header('upgrade', 'websocket').header('connection', 'upgrade, close')
  if (waitAgain.has(error.status)) reply.header('retry-after', String(Math.max(1, Math.ceil(error.retryAfterS ?? 1))))
  return sendAsIs(reply.code(error.status), problemType, JSON.stringify(problemOf(error)))
}
