import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../../src/lib/seams.ts'

/** The smallest piece that a disk writes whole. */
const sectorBytes = 512
/** The database and its write-ahead log. The shared-memory file holds nothing that outlives a process. */
const isWritten = (name: string): boolean => /\.db(-wal)?$/.test(name)

/**
 * What was written and not synced may still have reached the disk in part, in any order: takes over into `after`, the
 * folder as the cut left it, some sectors of `before`, the folder as its programs saw it. Synced sectors are the same in
 * both. Gives how many sectors it took.
 */
export function tear(before: string, after: string, random: Random): number {
  const names = new Set(readdirSync(before))
  let taken = 0
  for (const name of readdirSync(after).filter((name) => isWritten(name) && names.has(name))) {
    const path = join(after, name)
    const torn = tornFile(readFileSync(path), readFileSync(join(before, name)), random)
    if (torn.taken > 0) writeFileSync(path, torn.bytes)
    taken += torn.taken
  }
  return taken
}

export function tornFile(
  synced: Buffer,
  seen: Buffer,
  random: Random,
): { readonly bytes: Buffer; readonly taken: number } {
  // How long a file is is written apart from what is in it: what lies between is zeros until it comes.
  const shorter = Math.min(synced.length, seen.length)
  const longer = Math.max(synced.length, seen.length)
  const bytes = Buffer.alloc(shorter + Math.floor(random.next() * (longer - shorter + 1)))
  synced.copy(bytes)
  const share = random.next()
  let taken = bytes.length === synced.length ? 0 : 1
  for (let at = 0; at < Math.min(bytes.length, seen.length); at += sectorBytes) {
    const sector = seen.subarray(at, at + sectorBytes)
    if (sector.equals(bytes.subarray(at, at + sectorBytes)) || random.next() > share) continue
    sector.copy(bytes, at)
    taken++
  }
  return { bytes, taken }
}
