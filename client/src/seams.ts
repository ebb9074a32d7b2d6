// For `Disposable` below: who uses this package may compile with an older `lib`.
/// <reference lib="esnext.disposable" preserve="true" />

/**
 * The only doors to time, chance and the browser's page. Everything else takes them as an argument, so that the whole
 * client can run under a virtual clock and a seed. The shapes are a part of the server's own seams: one object can drive both.
 */

/** Wall time and a clock that never goes back, both in milliseconds. */
export interface Clock {
  /** Milliseconds since 1970 (UTC). It may jump. */
  now(): number
  /** For durations. It may stand still while the machine sleeps. */
  monotonic(): number
}

/** Timers. */
export interface Scheduler {
  /** Runs `run` once after `ms` milliseconds, unless the result is disposed of before. */
  after(ms: number, run: () => void): Disposable
}

/** Chance. */
export interface Random {
  /** In [0, 1). */
  next(): number
  bytes(length: number): Uint8Array
}

/** The network came back, or the page can be seen, or no longer. */
export type PageEvent = 'online' | 'visible' | 'hidden'

/** What the surrounding web page tells: whether somebody can see it, and when the network comes back. */
export interface Page {
  hidden(): boolean
  listen(listener: (event: PageEvent) => void): Disposable
}

/** All doors together. */
export interface ClientSeams {
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly random: Random
  readonly page: Page
}

// Not every browser knows Symbol.dispose yet.
const dispose: typeof Symbol.dispose = Symbol.dispose ?? (Symbol.for('Symbol.dispose') as typeof Symbol.dispose)

/** Stops a timer or a subscription; twice, or with nothing, is fine. */
export function cancel(what: Disposable | null | undefined): void {
  what?.[dispose]()
}

/** Wraps a function that undoes something. */
export function disposable(undo: () => void): Disposable {
  return { [dispose]: undo }
}

const systemPage: Page = {
  hidden: () => typeof document !== 'undefined' && document.hidden,
  listen(listener) {
    if (typeof window === 'undefined' || typeof document === 'undefined') return disposable(() => {})
    const onOnline = () => listener('online')
    const onVisibility = () => listener(document.hidden ? 'hidden' : 'visible')
    window.addEventListener('online', onOnline)
    document.addEventListener('visibilitychange', onVisibility)
    return disposable(() => {
      window.removeEventListener('online', onOnline)
      document.removeEventListener('visibilitychange', onVisibility)
    })
  },
}

/** Browsers and Node fire at once when asked to wait longer than this, about 25 days. */
const longestTimeoutMs = 2 ** 31 - 1

/** The real clock, timers and chance of the browser or of Node. */
export const systemSeams: ClientSeams = {
  clock: { now: () => Date.now(), monotonic: () => performance.now() },
  scheduler: {
    after(ms, run) {
      const timer = setTimeout(run, Math.min(ms, longestTimeoutMs))
      return disposable(() => clearTimeout(timer))
    },
  },
  random: {
    next: () => Math.random(),
    bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  },
  page: systemPage,
}
