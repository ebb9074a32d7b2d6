import assert from 'node:assert/strict'
import type { Cut } from './power-life.ts'
import { powerEnvironment } from './server-process.ts'

export const seed = Number(process.env.HEADWATER_SEED ?? 1)
export const cuts = Number(process.env.HEADWATER_POWER_CUTS ?? (process.env.HEADWATER_LONG ? 300 : 50))
export const synchronous = process.env[powerEnvironment.synchronous] ?? 'FULL'
/** A life begins with an empty disk; cuts of its first moments are worth having often. */
export const cutsPerLife = 5
/** So small that the write-ahead log is moved into the database every few commits. */
export const fewPages = 40

const lives: (readonly Cut[])[] = []

/** One line about all lives, for whoever reads the output of a run. */
export const totalOfLives = (): string =>
  `  power cuts, synchronous=${synchronous}, seed ${seed}: ${summaryOf(...lives)}\n`

export function assertNothingLost(seen: readonly Cut[]): void {
  lives.push(seen)
  const lossy = seen.find(({ events, streams, deletions }) => events + streams + deletions > 0)
  assert.equal(lossy, undefined, `lost at power cuts: ${summaryOf(seen)}`)
}

export function summaryOf(...ofLives: (readonly Cut[])[]): string {
  const seen = ofLives.flat()
  const lossy = seen.filter((cut) => cut.events > 0).length
  const acknowledged = ofLives.reduce((total, cuts) => total + (cuts.at(-1)?.acknowledged ?? 0), 0)
  return (
    `${sum(seen, (cut) => cut.events)} events lost in ${lossy} of ${seen.length} cuts (${acknowledged} acknowledged), ` +
    `${sum(seen, (cut) => cut.streams)} streams set back, ${sum(seen, (cut) => cut.deletions)} deletions lost, ` +
    `${sum(seen, (cut) => cut.torn)} sectors torn`
  )
}

const sum = (seen: readonly Cut[], of: (cut: Cut) => number): number => seen.reduce((total, cut) => total + of(cut), 0)
