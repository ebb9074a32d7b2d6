import { calibrate, driftBetween } from './calibration.ts'
import { type Spread, spreadOf } from './statistics.ts'

export interface Paired<T> {
  readonly ratio: Spread
  readonly ours: readonly T[]
  readonly peers: readonly T[]
  /** Pairs left out because the machine changed its speed meanwhile. */
  readonly dropped: number
}

/** Past this the machine is not the same one any more. */
const driftMax = 0.2

/**
 * Runs both sides in turn, A B B A and so on, so that what the machine does meanwhile strikes both; the ratio is the
 * median of the pairs' ratios. A pair during which a calibration loop slowed down or sped up by more than a fifth is left
 * out, as long as three remain.
 */
export async function inPairs<T>(
  count: number,
  ours: (pair: number) => Promise<T>,
  peer: (pair: number) => Promise<T>,
  value: (measured: T) => number,
): Promise<Paired<T>> {
  const pairs: { readonly ours: T; readonly peer: T; readonly drift: number }[] = []
  for (let pair = 0; pair < count; pair++) {
    const before = calibrate()
    const peerFirst = pair % 2 === 1 ? await peer(pair) : undefined
    const own = await ours(pair)
    const other = peerFirst ?? (await peer(pair))
    pairs.push({ ours: own, peer: other, drift: driftBetween(before, calibrate()) })
  }
  const calm = pairs.filter(({ drift }) => drift <= driftMax)
  const kept = calm.length >= 3 ? calm : pairs
  return {
    ratio: spreadOf(kept.map((pair) => value(pair.ours) / value(pair.peer))),
    ours: kept.map((pair) => pair.ours),
    peers: kept.map((pair) => pair.peer),
    dropped: pairs.length - kept.length,
  }
}
