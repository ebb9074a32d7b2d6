/** Collects durations and tells how they are spread. */
export class Durations {
  readonly #values: number[] = []

  add(ms: number): void {
    this.#values.push(ms)
  }

  get count(): number {
    return this.#values.length
  }

  /** The smallest value that at least this share of all is at or below (nearest rank); `null` without values. */
  percentile(share: number): number | null {
    if (this.#values.length === 0) return null
    const sorted = Float64Array.from(this.#values).sort()
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number
  }

  summary(): { readonly p50: number | null; readonly p99: number | null; readonly max: number | null } {
    return { p50: this.percentile(0.5), p99: this.percentile(0.99), max: this.percentile(1) }
  }
}
