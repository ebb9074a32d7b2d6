import { fnv1a } from '../lib/fnv.ts'
import type { Partition, UserId } from './ids.ts'

/**
 * Which partition of the log holds a user's records, the same in every process and for ever: what is stored would be
 * looked for elsewhere.
 */
export const partitionOf = (user: UserId, partitions: number): Partition => fnv1a(user) % partitions
