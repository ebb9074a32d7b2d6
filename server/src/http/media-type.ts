import type { FastifyRequest } from 'fastify'
import { HeadwaterError } from '../lib/error.ts'

/** What `Content-Type` names, without parameters. */
export const mediaTypeOf = ({ headers }: Pick<FastifyRequest, 'headers'>): string =>
  (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''

/** A type that no parser takes is refused by the framework, which does not say what would be taken. */
export function nameTypes(problem: HeadwaterError, request: FastifyRequest): HeadwaterError {
  if (problem.code !== 'unsupported_media_type' || problem.cause === undefined) return problem
  const { content = {} } = (request.routeOptions.schema?.body ?? {}) as { readonly content?: object }
  const types = Object.keys(content)
  const detail = `Send ${(types.length > 0 ? types : ['application/json']).join(', ')}.`
  return new HeadwaterError('unsupported_media_type', { detail, cause: problem.cause })
}
