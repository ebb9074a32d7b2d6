import type { Pushed } from './load/push-program.ts'
import type { Benchmark } from './measuring/benchmark.ts'
import { Child } from './measuring/child.ts'
import { apiKey, Folder, startHeadwater } from './measuring/headwater.ts'
import { inPairs } from './measuring/pairs.ts'
import { latenciesOf, median, shownLatencies } from './measuring/statistics.ts'

const loadProgram = new URL('./load/push-program.ts', import.meta.url)
const peerProgram = new URL('./peers/bare-ws.ts', import.meta.url)

interface Run extends Pushed {
  /** CPU of the server per event, microseconds. */
  readonly cpuMicros: number
  readonly p99: number
}

const sockets = 5_000
const eventsPerS = 10_000
const perRequest = 20

async function measured(
  server: Child<{ url: string }>,
  run: string,
  seconds: number,
  key: string,
  perS = eventsPerS,
): Promise<Run> {
  await using load = await Child.start(loadProgram, [server.ready.url, key, String(sockets)])
  await load.ask('open', 200)
  await load.ask('push', `${run}-warm`, perS / 2, Math.min(5, seconds), perRequest)
  await server.ask('collectGarbage')
  const cpuBefore = server.cpuSeconds()
  const pushed = await load.ask<Pushed>('push', run, perS, seconds, perRequest)
  const cpuMicros = ((server.cpuSeconds() - cpuBefore) * 1e6) / (perS * seconds)
  if (pushed.missing > 0)
    throw new Error(`${pushed.missing} events were never pushed, ${pushed.refused} requests refused`)
  return { ...pushed, cpuMicros, p99: latenciesOf(pushed.pushMs).p99 }
}

async function ours(run: string, seconds: number, perS = eventsPerS): Promise<Run> {
  using folder = new Folder()
  await using server = await startHeadwater(folder.path)
  return await measured(server, run, seconds, apiKey, perS)
}

async function peer(run: string, seconds: number, frameBytes: number): Promise<Run> {
  await using server = await Child.start<{ url: string }>(peerProgram)
  await server.ask('frameBytes', frameBytes)
  return await measured(server, run, seconds, '')
}

const benchmark: Benchmark = {
  name: 'push',
  title: 'From an accepted event to a socket',
  method:
    '10,000 events a second, 20 in a request, reach the sockets of 5,000 users while their groups are written to disk. Users come by chance; one event in ten opens a group. Latency counts from when a request was due to the frame at the client that shows the event, open loop; clients and sender are one process. At a quarter and a half of the rate too, to tell the way of an event from the queue before it. The peer is bare `ws` behind node:http, which sends a frame of the same size at once and stores nothing.',
  async run({ quick, progress }) {
    const seconds = quick ? 3 : 10
    let frameBytes = 700
    const {
      ratio,
      ours: own,
      peers,
    } = await inPairs(
      quick ? 1 : 3,
      async (pair) => {
        progress(`pair ${pair + 1}: Headwater`)
        const run = await ours(`run-${pair}`, seconds)
        frameBytes = Math.round(run.meanFrameBytes)
        progress(shownLatencies(latenciesOf(run.pushMs)))
        return run
      },
      async (pair) => {
        progress(`pair ${pair + 1}: bare ws`)
        const run = await peer(`run-${pair}`, seconds, frameBytes)
        progress(shownLatencies(latenciesOf(run.pushMs)))
        return run
      },
      (run) => run.p99,
    )
    const slower = []
    for (const perS of [2_500, 5_000]) {
      progress(`Headwater at ${perS} a second`)
      const run = await ours(`run-${perS}`, seconds, perS)
      const what = `Event to frame at ${perS.toLocaleString('en-US')} a second`
      slower.push({
        what,
        headwater: `${shownLatencies(latenciesOf(run.pushMs))}, ${run.cpuMicros.toFixed(1)} µs of CPU`,
      })
    }
    const p99 = median(own.map((run) => run.p99))
    const push = (runs: readonly Run[]) => shownLatencies(latenciesOf(runs.flatMap(({ pushMs }) => [...pushMs])))
    const ack = (runs: readonly Run[]) => shownLatencies(latenciesOf(runs.flatMap(({ ackMs }) => [...ackMs])))
    const cpu = (runs: readonly Run[]) => `${median(runs.map((run) => run.cpuMicros)).toFixed(1)} µs`
    const client = (runs: readonly Run[]) =>
      `${(median(runs.map((run) => run.clientCpuS / run.seconds)) * 100).toFixed(0)} % of a core`
    const perEvent = (runs: readonly Run[]) =>
      median(runs.map((run) => run.frames / (eventsPerS * run.seconds))).toFixed(2)
    return {
      figures: [
        { what: 'Event to frame', headwater: push(own), peer: push(peers) },
        ...slower,
        { what: 'Event to durable acknowledgement', headwater: ack(own), peer: `${ack(peers)} (not durable)` },
        { what: 'CPU of the server per event', headwater: cpu(own), peer: cpu(peers) },
        { what: 'Frames per event', headwater: perEvent(own), peer: perEvent(peers) },
        { what: 'Bytes of a frame', headwater: frameBytes.toString(), peer: frameBytes.toString() },
        { what: 'CPU of the clients', headwater: client(own), peer: client(peers) },
        {
          what: 'p99 against bare ws',
          headwater: `${ratio.median.toFixed(1)} (${ratio.low.toFixed(1)}–${ratio.high.toFixed(1)})`,
        },
      ],
      bars: [
        {
          what: 'Push p99, 10,000 a second to 5,000 sockets',
          measured: p99,
          must: 10,
          aim: 3,
          unit: 'ms',
          better: 'lower',
        },
      ],
    }
  },
}

export default benchmark
