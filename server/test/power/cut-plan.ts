import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Cut } from './power-life.ts'
import { powerEnvironment } from './server-process.ts'

export const seed = Number(process.env.HEADWATER_SEED ?? 1)
export const cuts = Number(process.env.HEADWATER_POWER_CUTS ?? (process.env.HEADWATER_LONG ? 300 : 50))
export const synchronous = process.env[powerEnvironment.synchronous] ?? 'FULL'
/** A life begins with an empty disk; cuts of its first moments are worth having often. */
export const cutsPerLife = 5
/** So small that the write-ahead log is moved into the database every few commits. */
export const fewPages = 40

export function assertNothingLost(t: TestContext, seen: readonly Cut[]): void {
  t.diagnostic(summaryOf(seen))
  const lossy = seen.find(({ events, streams, deletions }) => events + streams + deletions > 0)
  assert.equal(lossy, undefined, `lost at power cuts: ${summaryOf(seen)}`)
}

export function summaryOf(seen: readonly Cut[]): string {
  const lossy = seen.filter((cut) => cut.events > 0).length
  const last = seen.at(-1)?.acknowledged ?? 0
  return (
    `${sum(seen, (cut) => cut.events)} events lost in ${lossy} of ${seen.length} cuts (${last} acknowledged at the last), ` +
    `${sum(seen, (cut) => cut.streams)} streams set back, ${sum(seen, (cut) => cut.deletions)} deletions lost, ` +
    `${sum(seen, (cut) => cut.torn)} sectors torn`
  )
}

const sum = (seen: readonly Cut[], of: (cut: Cut) => number): number => seen.reduce((total, cut) => total + of(cut), 0)
