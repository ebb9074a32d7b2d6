import type { EventsAccepted } from '@headwater/protocol'
import { CommandFailure } from './command.ts'
import { Durations } from './percentiles.ts'
import { RequestFailure, request, type Target } from './target.ts'
import type { DueEvent } from './workload.ts'

export interface SendReport {
  readonly sent: number
  readonly accepted: number
  readonly rejected: number
  /** Requests that were told to come back later, each counted. */
  readonly postponed: number
  readonly elapsedMs: number
  readonly latency: ReturnType<Durations['summary']>
}

/** Requests on their way at one time; past it requests wait, and the wait counts as latency. */
const inFlightMax = 64
const attemptsMax = 20

/**
 * Sends events in batches when they are due, whether or not earlier ones were answered, and counts the time from when a
 * batch was due: a server that stalls is charged for everyone who would have waited.
 */
export async function sendAll(
  target: Target,
  events: Iterable<DueEvent>,
  batchSize: number,
  on: { accepted(batch: readonly DueEvent[]): void; progress(dueMs: number, sent: number): void },
  sleep: (ms: number) => Promise<void>,
): Promise<SendReport> {
  const latency = new Durations()
  const startedAt = performance.now()
  const inFlight = new Set<Promise<void>>()
  let sent = 0
  let accepted = 0
  let rejected = 0
  let postponed = 0
  let failure: unknown

  const send = async (batch: readonly DueEvent[], dueAt: number): Promise<void> => {
    const answer = await untilTaken(batch)
    latency.add(performance.now() - dueAt)
    accepted += answer.accepted
    rejected += answer.rejected.length
    on.accepted(batch)
  }
  const untilTaken = async (batch: readonly DueEvent[]): Promise<EventsAccepted> => {
    const body = { events: batch.map(({ event }) => event) }
    for (let attempt = 1; ; attempt++) {
      try {
        return await request<EventsAccepted>(target, 'POST', '/v1/events', { body })
      } catch (error) {
        const isLater = error instanceof RequestFailure && (error.status === 429 || error.status === 503)
        if (!isLater || attempt === attemptsMax) throw error
        postponed++
        await sleep(Math.max(50, error.retryAfterS * 1_000))
      }
    }
  }
  const post = async (batch: readonly DueEvent[]): Promise<void> => {
    if (batch.length === 0) return
    const dueMs = (batch.at(-1) as DueEvent).dueMs
    const waitMs = startedAt + dueMs - performance.now()
    if (waitMs > 1) await sleep(waitMs)
    while (inFlight.size >= inFlightMax) await Promise.race(inFlight)
    if (failure !== undefined) throw failure
    sent += batch.length
    const sending: Promise<void> = send(batch, startedAt + dueMs)
      .catch((error: unknown) => {
        failure ??= error
      })
      .finally(() => inFlight.delete(sending))
    inFlight.add(sending)
    on.progress(dueMs, sent)
  }

  let batch: DueEvent[] = []
  for (const due of events) {
    batch.push(due)
    if (batch.length < batchSize) continue
    await post(batch)
    batch = []
  }
  await post(batch)
  await Promise.all(inFlight)
  if (failure !== undefined) throw failure instanceof Error ? failure : new CommandFailure(String(failure))
  return { sent, accepted, rejected, postponed, elapsedMs: performance.now() - startedAt, latency: latency.summary() }
}
