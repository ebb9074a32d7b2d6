import type { Seams } from '../lib/seams.ts'

/** Hands on each item `delayMs` after it was put in. All delays are equal, so one timer at a time is enough. */
export class DelayLine<Item> implements Disposable {
  readonly #delayMs: number
  readonly #seams: Pick<Seams, 'clock' | 'scheduler'>
  readonly #run: (item: Item) => void
  readonly #waiting: { readonly item: Item; readonly dueAt: number }[] = []
  #timer: Disposable | null = null

  constructor(delayMs: number, seams: Pick<Seams, 'clock' | 'scheduler'>, run: (item: Item) => void) {
    this.#delayMs = delayMs
    this.#seams = seams
    this.#run = run
  }

  put(item: Item): void {
    if (this.#delayMs === 0) {
      this.#run(item)
      return
    }
    this.#waiting.push({ item, dueAt: this.#seams.clock.monotonic() + this.#delayMs })
    if (!this.#timer) this.#arm()
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
    this.#waiting.length = 0
  }

  #arm(): void {
    const first = this.#waiting[0]
    this.#timer = first
      ? this.#seams.scheduler.after(Math.max(1, first.dueAt - this.#seams.clock.monotonic()), () => this.#fire())
      : null
  }

  #fire(): void {
    const now = this.#seams.clock.monotonic()
    const left = this.#waiting.findIndex(({ dueAt }) => dueAt > now)
    for (const { item } of this.#waiting.splice(0, left === -1 ? this.#waiting.length : left)) this.#run(item)
    this.#arm()
  }
}
