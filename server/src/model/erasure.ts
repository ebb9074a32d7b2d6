import { hash } from 'node:crypto'
import type { Erasure, GroupRow, Register } from './activity-group.ts'
import type { GroupId, UserId } from './ids.ts'

/** Names an actor in one group only, and to nobody who does not know the id. */
export const actorHashOf = (groupId: GroupId, actor: UserId): string =>
  hash('sha256', `${groupId}\u001f${actor}`, 'base64url').slice(0, 12)

/**
 * True for a register of an erased actor that came back: a worker that did not know of the erasure yet wrote it, or a
 * write of unknown outcome took effect late.
 */
export function isGhost(group: Pick<GroupRow, 'groupId' | 'erasures'>, register: Register): boolean {
  if (group.erasures.length === 0) return false
  const actorHash = actorHashOf(group.groupId, register.actor)
  return group.erasures.some((erasure: Erasure) => erasure.actorHash === actorHash && register.seq <= erasure.seq)
}
