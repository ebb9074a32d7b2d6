import type { Clock, Random, Scheduler, Seams } from './seams.ts'
import { noFailpoint } from './system-seams.ts'

interface Timer {
  readonly id: number
  at: number
  readonly every: number | undefined
  readonly run: () => void
  isOver: boolean
}

/** A clock that stands still until it is advanced, with the timers that hang on it. */
export class VirtualTime implements Clock, Scheduler {
  #now: number
  #elapsed = 0
  #nextId = 0
  readonly #timers = new TimerHeap()
  #pending = 0

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
    return sleepBy(this, ms, signal)
  }

  after(ms: number, run: () => void): Disposable {
    return this.#add(ms, undefined, run)
  }

  every(ms: number, run: () => void): Disposable {
    return this.#add(ms, ms, run)
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#pending
  }

  /** When the next timer is due, in milliseconds from now; `undefined` when none waits. */
  get nextIn(): number | undefined {
    const next = this.#timers.earliest()
    return next && Math.max(0, next.at - this.#elapsed)
  }

  /** Moves time on by `ms` and runs what falls due on the way, in order of time, then of registration. */
  advance(ms: number): void {
    const end = this.#elapsed + ms
    while (this.step(end));
    this.#moveTo(end)
  }

  /** Moves time on to the next timer, if it is due by `until` of the monotonic clock, and runs that one alone. */
  step(until: number): boolean {
    const timer = this.#timers.earliest()
    if (!timer || timer.at > until) return false
    this.#moveTo(Math.max(timer.at, this.#elapsed))
    this.#timers.removeEarliest()
    if (timer.every === undefined) this.#end(timer)
    else {
      timer.at += Math.max(1, timer.every)
      this.#timers.add(timer)
    }
    timer.run()
    return true
  }

  /** Sets the wall clock alone, as an administrator or a time server would. */
  jump(ms: number): void {
    this.#now += ms
  }

  #add(ms: number, every: number | undefined, run: () => void): Disposable {
    const timer = { id: this.#nextId++, at: this.#elapsed + Math.max(0, ms), every, run, isOver: false }
    this.#timers.add(timer)
    this.#pending++
    return { [Symbol.dispose]: () => this.#end(timer) }
  }

  #end(timer: Timer): void {
    if (!timer.isOver) this.#pending--
    timer.isOver = true
  }

  #moveTo(elapsed: number): void {
    this.#now += elapsed - this.#elapsed
    this.#elapsed = elapsed
  }
}

/** The sleep of a scheduler, made of its timers. */
export function sleepBy(scheduler: Pick<Scheduler, 'after'>, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const end = () => {
      timer[Symbol.dispose]()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = scheduler.after(ms, end)
    signal?.addEventListener('abort', end)
  })
}

/** Timers by time, then by registration. One that is over stays until it comes to the top. */
class TimerHeap {
  readonly #timers: Timer[] = []

  earliest(): Timer | undefined {
    while (this.#timers[0]?.isOver) this.removeEarliest()
    return this.#timers[0]
  }

  add(timer: Timer): void {
    const timers = this.#timers
    let at = timers.length
    timers.push(timer)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = timers[above] as Timer
      if (isBefore(parent, timer)) break
      timers[at] = parent
      at = above
    }
    timers[at] = timer
  }

  removeEarliest(): void {
    const timers = this.#timers
    const last = timers.pop()
    if (!last || timers.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= timers.length) break
      if (below + 1 < timers.length && isBefore(timers[below + 1] as Timer, timers[below] as Timer)) below++
      const child = timers[below] as Timer
      if (isBefore(last, child)) break
      timers[at] = child
      at = below
    }
    timers[at] = last
  }
}

const isBefore = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.id < b.id)

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
