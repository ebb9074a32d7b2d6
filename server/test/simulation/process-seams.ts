import type { Clock, Random, Scheduler, Seams } from '../../src/lib/seams.ts'
import { seededRandom, sleepBy, type VirtualTime } from '../../src/lib/virtual-seams.ts'

/**
 * Time and chance as one process of the simulation has them: a wall clock of its own that may be wrong, and timers that
 * stand still while it is frozen and are gone once it is dead.
 */
export class ProcessSeams implements Seams, Clock, Scheduler {
  readonly clock: Clock = this
  readonly scheduler: Scheduler = this
  readonly random: Random
  /** How much the wall clock is ahead. */
  skewMs = 0
  readonly failpoint: (name: string) => void | Promise<void>
  readonly #time: VirtualTime
  /** What fell due while the process was frozen; null when it is not. */
  #held: (() => void)[] | null = null
  #isDead = false
  #pending = 0

  constructor(time: VirtualTime, seed: number, onFailpoint: (name: string) => void | Promise<void> = () => {}) {
    this.#time = time
    this.random = seededRandom(seed)
    this.failpoint = onFailpoint
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#pending
  }

  get isFrozen(): boolean {
    return this.#held !== null
  }

  get isDead(): boolean {
    return this.#isDead
  }

  now(): number {
    return this.#time.now() + this.skewMs
  }

  monotonic(): number {
    return this.#time.monotonic()
  }

  kill(): void {
    this.#isDead = true
    this.#held = null
  }

  freeze(): void {
    this.#held ??= []
  }

  thaw(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const run of held) run()
  }

  /** Runs it now; after the thaw when the process is frozen; never when it is dead. */
  enter(run: () => void): void {
    if (this.#isDead) return
    if (this.#held) this.#held.push(run)
    else run()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepBy(this, ms, signal)
  }

  after(ms: number, run: () => void): Disposable {
    return this.#timer((fire) => this.#time.after(ms, fire), run, true)
  }

  every(ms: number, run: () => void): Disposable {
    return this.#timer((fire) => this.#time.every(ms, fire), run, false)
  }

  #timer(start: (fire: () => void) => Disposable, run: () => void, once: boolean): Disposable {
    let isSet = true
    let isHeld = false
    this.#pending++
    const end = () => {
      if (isSet) this.#pending--
      isSet = false
      timer[Symbol.dispose]()
    }
    const timer = start(() => {
      if (this.#isDead) return end()
      // Of the turns that a frozen process missed it makes up for one.
      if (isHeld) return
      isHeld = true
      this.enter(() => {
        isHeld = false
        if (!isSet) return
        if (once) end()
        run()
      })
    })
    return { [Symbol.dispose]: end }
  }
}
