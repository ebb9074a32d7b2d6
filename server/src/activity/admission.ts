import { HeadwaterError } from '../lib/error.ts'
import type { Seams } from '../lib/seams.ts'

/** Why events are not taken in at the moment. */
export type RefusalReason = 'in_flight' | 'slow' | 'behind'

export interface AdmissionSettings {
  /** Events that wait for the log at a time. */
  readonly maxInFlightEvents?: number
  readonly maxInFlightBytes?: number
  /** How long the oldest of them may have waited. */
  readonly maxInFlightMs?: number
  /** How old the oldest record may be that the worker has not folded; 0 = as old as it is. */
  readonly maxBehindMs?: number
}

const defaults = {
  maxInFlightEvents: 50_000,
  maxInFlightBytes: 64 * 1024 * 1024,
  maxInFlightMs: 2_000,
  maxBehindMs: 10_000,
}

/** Callers who are sent away together are asked to come back within as many seconds, each at another one. */
const retrySpreadS = 3

const details: Readonly<Record<RefusalReason, string>> = {
  in_flight: 'Too many events are on their way.',
  slow: 'Events take too long to be stored.',
  behind: 'Too many events wait to be worked off.',
}

/**
 * How much may be on its way. What a server can do in a second differs by a hundred between machines, so the bounds that
 * tell are times: how long events wait to be stored, and how long they wait in the log, which takes them in faster than
 * they are folded. Who comes while either is too long is refused before anything is done for the request, so that what
 * came before has the processor for itself. The numbers beside them bound memory.
 *
 * `behindMs`: how far the worker is behind, as far as this process knows.
 */
export function createAdmission(
  settings: AdmissionSettings,
  behindMs: () => number,
  { clock, random }: Pick<Seams, 'clock' | 'random'>,
  onRefused: (reason: RefusalReason) => void,
) {
  const { maxInFlightEvents, maxInFlightBytes, maxInFlightMs, maxBehindMs } = { ...defaults, ...settings }
  /** In the order in which they came; those that are done leave once they are first. */
  const inFlight: { readonly since: number; done: boolean }[] = []
  let events = 0
  let bytes = 0

  function refuse(reason: RefusalReason): never {
    onRefused(reason)
    const retryAfterS = 1 + Math.floor(random.next() * retrySpreadS)
    throw new HeadwaterError('overloaded', { detail: details[reason], retryAfterS })
  }

  /**
   * Throws `overloaded` when nothing more is taken in, whatever its size. `waitedMs`: how long the first of those has
   * waited who are let in and not looked at yet.
   */
  function check(waitedMs = 0): void {
    if (maxBehindMs > 0 && behindMs() > maxBehindMs) refuse('behind')
    if (events >= maxInFlightEvents || bytes >= maxInFlightBytes) refuse('in_flight')
    const [oldest] = inFlight
    const oldestMs = oldest ? clock.monotonic() - oldest.since : 0
    if (Math.max(oldestMs, waitedMs) > maxInFlightMs) refuse('slow')
  }

  return {
    check,
    /** Runs `work` with its size counted. A request larger than the bounds by itself may still pass alone. */
    async hold<T>(size: { readonly events: number; readonly bytes: number }, work: () => Promise<T>): Promise<T> {
      check()
      const isFull = events + size.events > maxInFlightEvents || bytes + size.bytes > maxInFlightBytes
      if (isFull && events > 0) refuse('in_flight')
      const own = { since: clock.monotonic(), done: false }
      inFlight.push(own)
      events += size.events
      bytes += size.bytes
      try {
        return await work()
      } finally {
        events -= size.events
        bytes -= size.bytes
        own.done = true
        while (inFlight[0]?.done) inFlight.shift()
      }
    },
  }
}
