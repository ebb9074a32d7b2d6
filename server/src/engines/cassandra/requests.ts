import type { Cell, Statement } from './database.ts'

/** Above ten partitions or 5 KiB over several of them Cassandra logs a warning; above 50 KiB it refuses. */
const partitionsAtOnce = 10
const charactersAtOnce = 4_000

/**
 * Packs writes of several partitions into requests: most of what a small write costs is its request. The writes of one
 * partition stay together, so that they are one mutation.
 */
export function inRequests(partitions: readonly (readonly Statement[])[]): readonly (readonly Statement[])[] {
  const requests: Statement[][] = []
  let last: Statement[] = []
  let count = 0
  let size = 0
  for (const partition of partitions) {
    if (partition.length === 0) continue
    const own = partition.reduce((sum, statement) => sum + sizeOf(statement), 0)
    if (count === 0 || count === partitionsAtOnce || size + own > charactersAtOnce) {
      last = []
      requests.push(last)
      count = 0
      size = 0
    }
    last.push(...partition)
    count++
    size += own
  }
  return requests
}

const sizeOf = ({ params }: Statement): number => params.reduce<number>((sum, param) => sum + sizeOfParam(param), 0)

function sizeOfParam(param: Cell): number {
  if (typeof param === 'string') return param.length + 4
  return Array.isArray(param) ? param.reduce((sum, each) => sum + each.length + 4, 4) : 12
}

export function partsOf<Item>(items: readonly Item[], size: number): Item[][] {
  const parts: Item[][] = []
  for (let i = 0; i < items.length; i += size) parts.push(items.slice(i, i + size))
  return parts
}
