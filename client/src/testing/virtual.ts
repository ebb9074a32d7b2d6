import { type ClientSeams, disposable, type PageEvent } from '../seams.ts'

interface Timer {
  readonly at: number
  readonly run: () => void
  /** It is not the page that waits. */
  readonly isOutside: boolean
}

/** Lets everything that waits for nothing but promises happen. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 40; i++) await null
}

/** Time that stands still until it is told to run, chance that a seed decides, and a page that the test plays. */
export class VirtualWorld {
  #now = 1_795_000_000_000
  #steady = 0
  #state: number
  readonly #timers = new Set<Timer>()
  readonly #listeners = new Set<(event: PageEvent) => void>()
  #hidden = false
  /** When set, every random number is this one. */
  chance: number | null = null
  /** When set, timers run only at multiples of it, as those of a page in the background. */
  timersEveryMs = 0

  readonly seams: ClientSeams = {
    clock: { now: () => this.#now, monotonic: () => this.#steady },
    scheduler: { after: (ms, run) => this.#add(ms, run) },
    random: {
      next: () => this.chance ?? this.#random(),
      bytes: (length) => Uint8Array.from({ length }, () => Math.floor(this.#random() * 256)),
    },
    page: {
      hidden: () => this.#hidden,
      listen: (listener) => {
        this.#listeners.add(listener)
        return disposable(() => this.#listeners.delete(listener))
      },
    },
  }

  constructor(seed = 1) {
    this.#state = seed >>> 0 || 1
  }

  get timers(): number {
    return this.#timers.size
  }

  get listeners(): number {
    return this.#listeners.size
  }

  /** Milliseconds since the beginning. */
  get elapsed(): number {
    return this.#steady
  }

  /** Milliseconds to the next timer. */
  get nextIn(): number | undefined {
    const next = this.#next()
    return next && Math.max(0, this.#dueAt(next) - this.#steady)
  }

  /** Moves time on, timer by timer, and lets the consequences of each settle. */
  async run(ms: number): Promise<void> {
    const end = this.#steady + ms
    await settle()
    for (let timer = this.#next(); timer && this.#dueAt(timer) <= end; timer = this.#next()) {
      this.#timers.delete(timer)
      this.#moveTo(Math.max(this.#dueAt(timer), this.#steady))
      timer.run()
      await settle()
    }
    this.#moveTo(end)
  }

  /** The machine sleeps: the wall clock goes on, nothing else does. */
  sleep(ms: number): void {
    this.#now += ms
  }

  page(event: PageEvent): void {
    if (event !== 'online') this.#hidden = event === 'hidden'
    for (const listener of [...this.#listeners]) listener(event)
  }

  /** Something happens outside the page, whose timers may be held up: on the network, say. */
  outside(ms: number, run: () => void): void {
    this.#add(ms, run, true)
  }

  #add(ms: number, run: () => void, isOutside = false): Disposable {
    const timer = { at: this.#steady + Math.max(0, ms), run, isOutside }
    this.#timers.add(timer)
    return disposable(() => this.#timers.delete(timer))
  }

  #next(): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      const aheadMs = next ? this.#dueAt(next) - this.#dueAt(timer) : 1
      if (!next || aheadMs > 0 || (aheadMs === 0 && timer.at < next.at)) next = timer
    }
    return next
  }

  #dueAt({ at, isOutside }: Timer): number {
    return isOutside || this.timersEveryMs === 0 ? at : Math.ceil(at / this.timersEveryMs) * this.timersEveryMs
  }

  #moveTo(steady: number): void {
    this.#now += steady - this.#steady
    this.#steady = steady
  }

  /** xorshift32 */
  #random(): number {
    this.#state ^= this.#state << 13
    this.#state >>>= 0
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    this.#state >>>= 0
    return this.#state / 0x1_0000_0000
  }
}
