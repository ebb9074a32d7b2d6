import type { Random } from './seams.ts'

/** Random bytes drawn by the page: a call into the system costs as much for 8 bytes as for thousands. */
export function pooledRandom(random: Random, pageBytes = 4_096): Random {
  let page: Uint8Array = new Uint8Array(0)
  let used = 0
  return {
    next: () => random.next(),
    bytes(length) {
      if (length > pageBytes) return random.bytes(length)
      if (used + length > page.length) {
        page = random.bytes(pageBytes)
        used = 0
      }
      used += length
      // A copy: nobody who writes into it can reach the bytes of others.
      return page.slice(used - length, used)
    },
  }
}
