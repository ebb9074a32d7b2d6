import type { Clock, Random, Scheduler, Seams } from './seams.ts'
import { noFailpoint } from './system-seams.ts'

interface Timer {
  readonly id: number
  at: number
  readonly every: number | undefined
  readonly run: () => void
}

/** A clock that stands still until it is advanced, with the timers that hang on it. */
export class VirtualTime implements Clock, Scheduler {
  #now: number
  #elapsed = 0
  #nextId = 0
  readonly #timers = new Map<number, Timer>()

  constructor(now: number) {
    this.#now = now
  }

  /** Whole milliseconds, as the system's clock gives them, even when a timer was due in between. */
  now(): number {
    return Math.floor(this.#now)
  }

  monotonic(): number {
    return this.#elapsed
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const timer = this.after(ms, resolve)
      signal?.addEventListener(
        'abort',
        () => {
          timer[Symbol.dispose]()
          resolve()
        },
        { once: true },
      )
    })
  }

  after(ms: number, run: () => void): Disposable {
    return this.#add(ms, undefined, run)
  }

  every(ms: number, run: () => void): Disposable {
    return this.#add(ms, ms, run)
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size
  }

  /** When the next timer is due, in milliseconds from now; `undefined` when none waits. */
  get nextIn(): number | undefined {
    const next = this.#earliest()
    return next && Math.max(0, next.at - this.#elapsed)
  }

  /** Moves time on by `ms` and runs what falls due on the way, in order of time, then of registration. */
  advance(ms: number): void {
    const end = this.#elapsed + ms
    for (let timer = this.#earliest(); timer && timer.at <= end; timer = this.#earliest()) {
      this.#moveTo(Math.max(timer.at, this.#elapsed))
      if (timer.every === undefined) this.#timers.delete(timer.id)
      else timer.at += Math.max(1, timer.every)
      timer.run()
    }
    this.#moveTo(end)
  }

  /** Sets the wall clock alone, as an administrator or a time server would. */
  jump(ms: number): void {
    this.#now += ms
  }

  #add(ms: number, every: number | undefined, run: () => void): Disposable {
    const id = this.#nextId++
    this.#timers.set(id, { id, at: this.#elapsed + Math.max(0, ms), every, run })
    return { [Symbol.dispose]: () => void this.#timers.delete(id) }
  }

  #earliest(): Timer | undefined {
    let found: Timer | undefined
    for (const timer of this.#timers.values()) {
      if (!found || timer.at < found.at || (timer.at === found.at && timer.id < found.id)) found = timer
    }
    return found
  }

  #moveTo(elapsed: number): void {
    this.#now += elapsed - this.#elapsed
    this.#elapsed = elapsed
  }
}

/** The generator "sfc32" (Chris Doty-Humphrey): small, fast, good enough for tests; never for secrets. */
export function seededRandom(seed: number): Random {
  let a = seed | 0
  let b = 0x9e3779b9 | 0
  let c = 0x243f6a88 | 0
  let counter = 1
  const next32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return sum >>> 0
  }
  for (let i = 0; i < 12; i++) next32()
  return {
    next: () => next32() / 0x1_0000_0000,
    bytes: (length) => Uint8Array.from({ length }, () => next32() >>> 24),
  }
}

export interface VirtualSeams extends Seams {
  readonly time: VirtualTime
}

/** Time that stands still until it is advanced, and chance that a seed decides. */
export function virtualSeams(options: { now?: number; seed?: number } = {}): VirtualSeams {
  const time = new VirtualTime(options.now ?? Date.UTC(2026, 0, 1))
  return { time, clock: time, scheduler: time, random: seededRandom(options.seed ?? 1), failpoint: noFailpoint }
}
