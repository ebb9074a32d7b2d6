import type { FastifyRequest } from 'fastify'
import { type Principal, type ServerPrincipal, userOf } from '../access/principal.ts'
import { HeadwaterError } from '../lib/error.ts'
import type { UserId } from '../model/ids.ts'

export type { Principal, ServerPrincipal, UserPrincipal } from '../access/principal.ts'

/** Who calls. Every route but those with `access: 'public'` has one. */
export function requirePrincipal(request: FastifyRequest): Principal {
  if (!request.principal) throw new HeadwaterError('unauthenticated')
  return request.principal
}

/** The user whom the call is for: the one of the token, or the one the server acts for. */
export function requireUser(request: FastifyRequest): UserId {
  const user = userOf(requirePrincipal(request))
  if (user === undefined) throw new HeadwaterError('user_required')
  return user
}

/** The customer's server; users are refused. */
export function requireServer(request: FastifyRequest): ServerPrincipal {
  const principal = requirePrincipal(request)
  if (principal.kind !== 'server') throw new HeadwaterError('forbidden')
  return principal
}
