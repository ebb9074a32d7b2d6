import { type ClientSeams, disposable, type PageEvent } from '../seams.ts'

interface Timer {
  readonly at: number
  readonly run: () => void
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
    return next && Math.max(0, next.at - this.#steady)
  }

  /** Moves time on, timer by timer, and lets the consequences of each settle. */
  async run(ms: number): Promise<void> {
    const end = this.#steady + ms
    await settle()
    for (let timer = this.#next(); timer && timer.at <= end; timer = this.#next()) {
      this.#timers.delete(timer)
      this.#moveTo(Math.max(timer.at, this.#steady))
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

  #add(ms: number, run: () => void): Disposable {
    const timer = { at: this.#steady + Math.max(0, ms), run }
    this.#timers.add(timer)
    return disposable(() => this.#timers.delete(timer))
  }

  #next(): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) if (!next || timer.at < next.at) next = timer
    return next
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
