// Sends events to a server as fast as it takes them, from a process of its own. Arguments: the url, the API key (or '').
import { userName, workload } from '../../server/src/cli/workload.ts'
import { serve } from '../measuring/child.ts'
import { HttpConnection, requestBytes } from './http-connection.ts'
import { openLoop } from './open-loop.ts'

const [url = '', key = ''] = process.argv.slice(2)
const prepared: Buffer[] = []
let perBatch = 0

export interface Prepared {
  readonly run: string
  readonly seed: number
  readonly events: number
  readonly users: number
  readonly perBatch: number
  readonly hotShare: number
}

/** Makes the requests beforehand, so that the client costs little while it sends. */
function prepare(wanted: Prepared): number {
  prepared.length = 0
  perBatch = wanted.perBatch
  // Events of the last ten minutes, as if they had just happened.
  const seconds = 600
  const events = workload({
    run: wanted.run,
    seed: wanted.seed,
    users: wanted.users,
    eventsPerS: wanted.events / seconds,
    seconds,
    hotShare: wanted.hotShare,
    duplicateShare: 0.01,
    startMs: Date.now() - seconds * 1_000,
  })
  let batch: unknown[] = []
  let bytes = 0
  const flush = () => {
    const body = perBatch === 1 ? JSON.stringify(batch[0]) : JSON.stringify({ events: batch })
    prepared.push(requestBytes('POST', '/v1/events', { authorization: `Bearer ${key}` }, body))
    bytes += body.length
    batch = []
  }
  for (const { event } of events) {
    batch.push(event)
    if (batch.length === perBatch) flush()
  }
  if (batch.length > 0) flush()
  return bytes
}

/** Closed loop: each connection sends its next request when an answer came, `depth` under way at a time. */
async function sendAll(
  connections: number,
  depth: number,
): Promise<{ elapsedMs: number; refused: number; ackMs: number[] }> {
  const started = performance.now()
  const ackMs: number[] = []
  let next = 0
  let refused = 0
  const lane = async (connection: HttpConnection): Promise<void> => {
    for (;;) {
      const i = next++
      const request = prepared[i]
      if (!request) return
      for (;;) {
        const sentAt = performance.now()
        const { status } = await connection.send(request)
        ackMs.push(performance.now() - sentAt)
        if (status === 202) break
        if (status !== 503 && status !== 429) throw new Error(`answered ${status}`)
        refused++
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }
  const lanes: Promise<void>[] = []
  for (let i = 0; i < connections; i++) {
    const connection = await HttpConnection.open(url)
    for (let j = 0; j < depth; j++) lanes.push(lane(connection))
  }
  await Promise.all(lanes)
  return { elapsedMs: performance.now() - started, refused, ackMs }
}

/** Sends what is prepared at a steady rate, again from the start when it is used up (a repeated event counts as load too). */
async function sendSteadily(eventsPerS: number, seconds: number, connections: number) {
  const open: HttpConnection[] = []
  for (let i = 0; i < connections; i++) open.push(await HttpConnection.open(url))
  let refused = 0
  const { latenciesMs, failed } = await openLoop(eventsPerS / perBatch, seconds, async (i) => {
    const { status } = await open[i % connections]!.send(prepared[i % prepared.length]!)
    if (status !== 202) refused++
  })
  for (const connection of open) connection[Symbol.dispose]()
  return { latenciesMs, failed, refused }
}

serve({}, { prepare, sendAll, sendSteadily, userName, cpuMs: () => process.cpuUsage().user / 1_000 })
