import type { Seams } from '../../lib/seams.ts'

/**
 * How a row is kept from going back. `lwt`: conditional writes (Paxos). `stamp`: plain writes whose timestamp is the
 * position they stand for, for two thirds to a third of the CPU. Fixed with the schema, since the two must not meet on one row.
 */
export type Fence = 'lwt' | 'stamp'

export interface CassandraSettings {
  /** `host` or `host:port`. */
  readonly contactPoints: readonly string[]
  /** Of every node; needed besides the contact points, or other nodes are looked for at 9042. Default 9042. */
  readonly port?: number
  readonly localDataCenter: string
  readonly keyspace: string
  /** Copies in the local data centre, or by data centre. */
  readonly replication: number | Readonly<Record<string, number>>
  /** Default `lwt`. */
  readonly fence?: Fence
  /** How long a row lives after it was last written: retention and a week. */
  readonly ttlDays: number
  readonly username?: string
  readonly password?: string
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly serverName?: string }
  /** After so long without an answer the outcome of a request is unknown. Default 10,000. */
  readonly requestTimeoutMs?: number
  /** Default 2048. */
  readonly maxRequestsPerConnection?: number
  /** Requests under way at once. Default 256. */
  readonly maxInFlight?: number
  /** Requests that may wait for their turn before callers are told `overloaded`. Default 20,000. */
  readonly maxWaiting?: number
  /** Starts on a cluster that may lose acknowledged writes. */
  readonly unsafe?: boolean
}

export type Timing = Pick<Seams, 'clock' | 'scheduler'>

export const replicationOf = ({
  replication,
  localDataCenter,
}: Pick<CassandraSettings, 'replication' | 'localDataCenter'>): Readonly<Record<string, number>> =>
  typeof replication === 'number' ? { [localDataCenter]: replication } : replication
