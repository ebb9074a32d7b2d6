/** One number that we publish, with its peer in the same run. Each file of `bench/` exports one of these as default. */
export interface Benchmark {
  /** As the file is called. */
  readonly name: string
  readonly title: string
  /** What is measured and how, in a few sentences: load, peer, durability, where the clients run. */
  readonly method: string
  run(run: BenchmarkRun): Promise<Outcome>
}

export interface BenchmarkRun {
  /** A short run that shows that the benchmark works; its figures are worth little. */
  readonly quick: boolean
  /** What goes on, for the one who waits. */
  progress(text: string): void
}

/** What was measured. */
export interface Outcome {
  readonly figures: readonly Figure[]
  readonly bars: readonly Bar[]
  readonly plots?: readonly Plot[]
  /** What a reader must know beside the figures. */
  readonly notes?: readonly string[]
}

export interface Figure {
  readonly what: string
  /** Of the product, as text with its unit. */
  readonly headwater: string
  /** Of the peer in the same run; left out where there is none. */
  readonly peer?: string
}

/** What a figure must be at least, or at most. */
export interface Bar {
  readonly what: string
  readonly measured: number
  readonly must: number
  readonly aim: number | null
  readonly unit: string
  readonly better: 'higher' | 'lower'
}

/** How a cost grows with something: the largest may be at most `most` times the smallest. */
export interface Plot {
  readonly title: string
  readonly x: string
  readonly y: string
  readonly xLog: boolean
  readonly series: readonly { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] }[]
}

export const meets = ({ measured, better }: Bar, limit: number): boolean =>
  better === 'higher' ? measured >= limit : measured <= limit
