import type { Fence } from './settings.ts'

/** What a node says of itself. */
export interface NodeFacts {
  readonly address: string
  readonly version: string
  readonly commitLogSync: string
  readonly paxosVariant: string
}

export interface ClusterFacts {
  readonly nodes: readonly NodeFacts[]
  /** The fewest copies that a row has in any data centre. */
  readonly replicas: number
  readonly fence: Fence
}

export interface Findings {
  /** What this engine does not start on. */
  readonly refusals: readonly string[]
  readonly warnings: readonly string[]
}

/**
 * Whether what the cluster acknowledges is kept, and whether conditional writes come to an end. A node that syncs its
 * commit log now and then loses acknowledged writes when its process is killed; with three copies others have them.
 */
export function judge({ nodes, replicas, fence }: ClusterFacts): Findings {
  const refusals: string[] = []
  const warnings: string[] = []
  for (const { address, version, commitLogSync, paxosVariant } of nodes) {
    if (isOlder(version, 4, 1)) refusals.push(`${address} runs Cassandra ${version}: 4.1 or newer is needed`)
    if (commitLogSync === 'periodic') {
      const say = `${address} has commitlog_sync: periodic and acknowledges writes that a crash may lose`
      if (replicas < 3) refusals.push(`${say}: set it to batch or group, or keep three copies (replication)`)
      else warnings.push(`${say}, which the other copies have; conditional writes want batch or group all the same`)
    }
    if (fence === 'lwt' && paxosVariant !== 'v2') {
      refusals.push(`${address} has paxos_variant: ${paxosVariant}, whose contenders stop each other: set it to v2`)
    }
  }
  if (replicas === 2) warnings.push('With two copies no write succeeds while one node is away: three are better')
  if (replicas === 1) warnings.push('There is one copy of each row: what a node holds is lost with its disk')
  return { refusals: [...new Set(refusals)], warnings: [...new Set(warnings)] }
}

function isOlder(version: string, major: number, minor: number): boolean {
  const [ours = 0, itsMinor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  return ours < major || (ours === major && itsMinor < minor)
}

/** `{'class': …, 'datacenter1': '3'}` of system_schema.keyspaces. */
export function fewestReplicas(replication: Readonly<Record<string, string>>): number {
  const factors = Object.entries(replication)
    .filter(([name]) => name !== 'class')
    .map(([, factor]) => Number.parseInt(factor, 10))
  return factors.length === 0 ? 1 : Math.min(...factors)
}
