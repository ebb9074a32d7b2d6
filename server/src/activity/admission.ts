import { HeadwaterError } from '../lib/error.ts'
import type { Random } from '../lib/seams.ts'

/** Why events are not taken in at the moment. */
export type RefusalReason = 'in_flight' | 'behind'

export interface AdmissionSettings {
  /** Events that wait for the log at a time. */
  readonly maxInFlightEvents?: number
  readonly maxInFlightBytes?: number
  /** How old the oldest record may be that the worker has not folded; 0 = as old as it is. */
  readonly maxBehindMs?: number
}

const defaults = { maxInFlightEvents: 50_000, maxInFlightBytes: 64 * 1024 * 1024, maxBehindMs: 10_000 }

/** Callers who are sent away together are asked to come back within as many seconds, each at another one. */
const retrySpreadS = 3

/**
 * How much may be on its way. A log takes in events several times as fast as they are folded, and what waits there is
 * late for everybody; so the bound that tells is a time: who comes while the worker is too far behind is refused, before
 * anything is done for the request, and the worker has the processor for itself.
 *
 * `behindMs`: how far the worker is behind, as far as this process knows.
 */
export function createAdmission(
  settings: AdmissionSettings,
  behindMs: () => number,
  random: Pick<Random, 'next'>,
  onRefused: (reason: RefusalReason) => void,
) {
  const { maxInFlightEvents, maxInFlightBytes, maxBehindMs } = { ...defaults, ...settings }
  let events = 0
  let bytes = 0

  function refuse(reason: RefusalReason, detail: string): never {
    onRefused(reason)
    throw new HeadwaterError('overloaded', { detail, retryAfterS: 1 + Math.floor(random.next() * retrySpreadS) })
  }

  /** Throws `overloaded` when nothing more is taken in, whatever its size. */
  function check(): void {
    if (maxBehindMs > 0 && behindMs() > maxBehindMs) refuse('behind', 'Too many events wait to be worked off.')
    if (events >= maxInFlightEvents || bytes >= maxInFlightBytes)
      refuse('in_flight', 'Too many events are on their way.')
  }

  return {
    check,
    /** Runs `work` with its size counted. A request larger than the bounds by itself may still pass alone. */
    async hold<T>(size: { readonly events: number; readonly bytes: number }, work: () => Promise<T>): Promise<T> {
      check()
      const isFull = events + size.events > maxInFlightEvents || bytes + size.bytes > maxInFlightBytes
      if (isFull && events > 0) refuse('in_flight', 'Too many events are on their way.')
      events += size.events
      bytes += size.bytes
      try {
        return await work()
      } finally {
        events -= size.events
        bytes -= size.bytes
      }
    },
  }
}
