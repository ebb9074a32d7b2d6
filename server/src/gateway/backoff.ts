import type { Random } from '../lib/seams.ts'

const firstMs = 25
const longestMs = 5_000

/** How long to wait after the n-th failure in a row, n from 0 on: twice as long each time, half of it by chance. */
export function backoffMs(failures: number, random: Random): number {
  const full = Math.min(longestMs, firstMs * 2 ** failures)
  return full / 2 + (random.next() * full) / 2
}
