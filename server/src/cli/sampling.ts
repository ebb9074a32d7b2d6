import type { Random } from '../lib/seams.ts'

/** Draws numbers from 0 on, each with the chance that its weight gives it. */
export function createSampler(weights: readonly number[]): (random: Random) => number {
  const upTo: number[] = []
  let total = 0
  for (const weight of weights) {
    total += weight
    upTo.push(total)
  }
  return (random) => {
    const wanted = random.next() * total
    let low = 0
    let high = upTo.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((upTo[middle] as number) > wanted) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** Zipf's law: rank r is drawn in proportion to 1 / (r + 1)^exponent. */
export const zipf = (count: number, exponent: number): ((random: Random) => number) =>
  createSampler(Array.from({ length: count }, (_, rank) => (rank + 1) ** -exponent))

/** The first tenth makes four fifths of it, evenly among themselves, and the rest make what is left. */
export function activeFew(count: number): (random: Random) => number {
  const few = Math.max(1, Math.floor(count * fewShare))
  return (random) => {
    const isFew = few === count || random.next() < fewMake
    return isFew ? Math.floor(random.next() * few) : few + Math.floor(random.next() * (count - few))
  }
}

const fewShare = 0.1
const fewMake = 0.8
