import type { Seams } from '../lib/seams.ts'
import { closingFrame } from './plain-frames.ts'
import type { Session } from './session.ts'

/** A batch of sockets is closed this often. */
const stepMs = 100
const smallestBatch = 50
/** Clients are asked to come back within this, or sooner when they are few: so many milliseconds for each of them. */
const longestSpreadMs = 20_000
const spreadPerSocketMs = 5
const shortestRetryMs = 250
/** How long those who were told may take to hang up. */
const farewellMs = 2_000

/** Sends all clients away: a batch at a time, each to come back at another moment, so that they do not come back as one. */
export async function drainSessions(sessions: ReadonlySet<Session>, drainMs: number, seams: Seams): Promise<void> {
  const leaving = [...sessions]
  const spreadMs = Math.min(longestSpreadMs, leaving.length * spreadPerSocketMs)
  const batch = Math.max(smallestBatch, Math.ceil((leaving.length * stepMs) / Math.max(drainMs, stepMs)))
  for (let i = 0; i < leaving.length; i += batch) {
    if (i > 0) await seams.scheduler.sleep(stepMs)
    for (const session of leaving.slice(i, i + batch)) {
      session.send(closingFrame(Math.round(shortestRetryMs + seams.random.next() * spreadMs)))
      session.close('server_closing')
    }
  }
}

/** Waits until the last socket is gone, but not for long. */
export async function awaitFarewells(open: () => number, seams: Seams): Promise<void> {
  for (let waited = 0; open() > 0 && waited < farewellMs; waited += stepMs) await seams.scheduler.sleep(stepMs)
}
