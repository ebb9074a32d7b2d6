import type { Programs } from './packages.ts'
import type { Addresses, ProcessSpec } from './set.ts'

/** What a service needs to plan its processes. */
export interface Site {
  readonly programs: Partial<Programs>
  readonly nodes: 1 | 3
  /** The heap of each Cassandra node, as Java writes it. */
  readonly cassandraHeap: string
  /** A folder of this name within the set's, made now; `memory` puts it where no disk is, if there is room. */
  folder(name: string, options?: { memory?: boolean }): string
  log(line: string): void
  /** See `StartOptions`. */
  readonly kafkaAdvertised?: number
}

/** A service that is ready to start: its files are written, its ports chosen. */
export interface Plan {
  readonly addresses: Omit<Addresses, 'pids' | 'dir' | 'logs'>
  readonly processes: readonly ProcessSpec[]
}
