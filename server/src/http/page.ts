import type { FastifyRequest } from 'fastify'
import { principalName } from '../access/principal.ts'
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
