/** The value in the middle; the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The smallest value that at least this share of all is at or below (nearest rank). */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export interface Spread {
  readonly median: number
  /** Bounds of the 95 % interval of the median (percentile bootstrap: Efron 1979, 2,000 resamples). */
  readonly low: number
  readonly high: number
}

export function spreadOf(values: readonly number[]): Spread {
  const medians = new Float64Array(2_000)
  // A fixed generator: the same values give the same interval.
  let state = 1
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  for (let i = 0; i < medians.length; i++) {
    medians[i] = median(values.map(() => values[Math.floor(next() * values.length)]!))
  }
  medians.sort()
  return { median: median(values), low: percentile(medians, 0.025), high: percentile(medians, 0.975) }
}

export interface Latencies {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** Of durations in milliseconds. */
export function latenciesOf(durations: readonly number[] | Float64Array): Latencies {
  const sorted = Float64Array.from(durations).sort()
  return {
    count: sorted.length,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    p999: percentile(sorted, 0.999),
    max: sorted.at(-1) ?? Number.NaN,
  }
}

/** The median of each figure over all runs, in the order of the first. */
export const shownMedians = (runs: readonly Readonly<Record<string, number>>[], digits: number): string =>
  Object.keys(runs[0] ?? {})
    .map((name) => `${name} ${median(runs.map((run) => run[name] ?? 0)).toFixed(digits)}`)
    .join(' · ')

const milliseconds = (ms: number): string => (ms < 10 ? ms.toFixed(2) : ms.toFixed(1))

export const shownLatencies = ({ p50, p99, p999, max }: Latencies): string =>
  `p50 ${milliseconds(p50)} · p99 ${milliseconds(p99)} · p99.9 ${milliseconds(p999)} · max ${milliseconds(max)} ms`
