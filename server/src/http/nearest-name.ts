import { nearest } from '../lib/nearest.ts'

const comparedLengthMax = 64

/** The known name that takes the fewest edits to reach, however many those are; `undefined` when none is known. */
export const nearestName = (name: string, known: readonly string[]): string | undefined =>
  nearest(name.slice(0, comparedLengthMax), known, Number.POSITIVE_INFINITY)
