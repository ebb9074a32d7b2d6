import { editDistance } from '../lib/nearest.ts'

const comparedLengthMax = 64

/** The known name that takes the fewest edits to reach, however many those are; `undefined` when none is known. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const given = name.slice(0, comparedLengthMax).toLowerCase()
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of known) {
    const distance = editDistance(given, candidate.toLowerCase(), bestDistance)
    if (distance >= bestDistance) continue
    best = candidate
    bestDistance = distance
  }
  return best
}
