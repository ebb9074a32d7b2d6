import type { Seams } from './seams.ts'

interface Waiting {
  readonly weight: number
  readonly since: number
  readonly run: () => void
}

/**
 * Has work that is done when it comes share the processor: in the order in which it comes, in each turn of the event loop
 * as much as `perTurn` says, and at least one piece. Otherwise whatever came meanwhile would be done in a row, and
 * everybody else would wait for all of it. `run` must not throw.
 */
export class Turns {
  readonly #perTurn: number
  readonly #seams: Pick<Seams, 'clock' | 'scheduler'>
  readonly #waiting: Waiting[] = []
  /** What was done in this turn; `null` when nothing was for a while. */
  #spent: number | null = null

  constructor(perTurn: number, seams: Pick<Seams, 'clock' | 'scheduler'>) {
    this.#perTurn = perTurn
    this.#seams = seams
  }

  /** How long the first of those has waited that are not done. */
  get waitedMs(): number {
    const [first] = this.#waiting
    return first ? this.#seams.clock.monotonic() - first.since : 0
  }

  /** Runs it now, if this turn has room, or in one of the next. */
  take(weight: number, run: () => void): void {
    const isFirst = this.#spent === null
    if (!isFirst && (this.#waiting.length > 0 || !this.#hasRoomFor(weight))) {
      this.#waiting.push({ weight, since: this.#seams.clock.monotonic(), run })
      return
    }
    this.#spent = (this.#spent ?? 0) + weight
    if (isFirst) void this.#goOn()
    run()
  }

  async #goOn(): Promise<void> {
    while (this.#spent !== null) {
      await this.#seams.scheduler.breathe?.()
      this.#spent = this.#waiting.length > 0 ? 0 : null
      for (let next = this.#waiting[0]; next && this.#hasRoomFor(next.weight); next = this.#waiting[0]) {
        this.#waiting.shift()
        this.#spent = (this.#spent ?? 0) + next.weight
        next.run()
      }
    }
  }

  #hasRoomFor(weight: number): boolean {
    return !this.#spent || this.#spent + weight <= this.#perTurn
  }
}
