/**
 * The only doors to time and chance. Everything else takes them as arguments, so that the whole server can run under a
 * virtual clock and a seed.
 */

export interface Clock {
  /** Wall time, milliseconds since 1970 (UTC). It may jump. */
  now(): number
  /** Milliseconds that never go back, for durations. */
  monotonic(): number
}

export interface Scheduler {
  /** Resolves after `ms`, at once when `signal` is aborted. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  after(ms: number, run: () => void): Disposable
  every(ms: number, run: () => void): Disposable
  /**
   * Lets whoever waits for the processor have it: requests, sockets, timers. Work that goes on for long without waiting for
   * anything calls it now and then. There is none where time stands still.
   */
  breathe?(): Promise<void>
}

export interface Random {
  /** In [0, 1). */
  next(): number
  bytes(length: number): Uint8Array
}

export interface Seams {
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly random: Random
  /** Named places where the crash tests may kill, hang or fail the process; nothing in production. */
  failpoint(name: string): void | Promise<void>
}
