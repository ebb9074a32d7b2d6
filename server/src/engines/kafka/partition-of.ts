import type { Partition, UserId } from '../../model/ids.ts'

/**
 * Which partition holds a user's records, the same in every process and for ever: what is stored would be looked for
 * elsewhere. FNV-1a, 32 bits, over code units (user ids are ASCII).
 */
export function partitionOf(user: UserId, partitions: number): Partition {
  let hash = 0x811c9dc5
  for (let i = 0; i < user.length; i++) hash = Math.imul(hash ^ user.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % partitions
}
