import type { FastifyRequest } from 'fastify'
import { principalName } from '../access/principal.ts'
import type { UserId } from '../model/ids.ts'
import type { CursorScope, Cursors } from './cursor.ts'
import { requirePrincipal } from './principal.ts'

/** The position that a page starts behind, and the cursor of the next one, for one request's list and filter. */
export function pageOf<Position>(request: FastifyRequest, cursors: Cursors, list: string, filter = '') {
  const scope: CursorScope = { principal: principalName(requirePrincipal(request)), list, filter }
  const { cursor } = request.query as { readonly cursor?: string }
  return {
    /** `null` at the start of the list. What was sealed here is what was put in, so its type is not checked again. */
    after: cursor === undefined ? null : (cursors.open(scope, cursor) as Position),
    nextCursor: (next: Position | null): string | null => (next === null ? null : cursors.seal(scope, next)),
  }
}

/** The cursor behind an unfiltered page of a user's own list, whoever acts for the user. */
export function nextCursorOf(cursors: Cursors, list: string, user: UserId, next: unknown): string | null {
  if (next === null) return null
  return cursors.seal({ principal: principalName({ kind: 'server', actingAs: user }), list, filter: '' }, next)
}
