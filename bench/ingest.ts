import type { Benchmark } from './measuring/benchmark.ts'
import { Child } from './measuring/child.ts'
import { apiKey, Folder, metricsOf, startHeadwater } from './measuring/headwater.ts'
import { inPairs } from './measuring/pairs.ts'
import { latenciesOf, median, shownLatencies } from './measuring/statistics.ts'

const loadProgram = new URL('./load/ingest-program.ts', import.meta.url)
const peerProgram = new URL('./peers/transaction-per-event.ts', import.meta.url)

interface Run {
  readonly eventsPerS: number
  readonly cpuMicrosPerEvent: number
  readonly ackMs: readonly number[]
  readonly groupWrites: number
}

const users = 50_000
const perBatch = 100

/** Sends all events and waits until all are stored as groups. */
async function ours(run: string, events: number): Promise<Run> {
  using folder = new Folder()
  await using server = await startHeadwater(folder.path)
  await using load = await Child.start(loadProgram, [server.ready.url, apiKey])
  // Warms up: compiled code, open files.
  await load.ask('prepare', { run: `${run}-warm`, seed: 2, events: 20_000, users, perBatch, hotShare: 0.05 })
  await load.ask('sendAll', 4, 2)
  await stored(server.ready.url, 20_000)
  await load.ask('prepare', { run, seed: 1, events, users, perBatch, hotShare: 0.05 })
  const writesBefore = (await metricsOf(server.ready.url)).get('headwater_group_writes_total') ?? 0
  const cpuBefore = server.cpuSeconds()
  const startedAt = performance.now()
  const { ackMs } = await load.ask<{ ackMs: number[] }>('sendAll', 16, 4)
  await stored(server.ready.url, 20_000 + events)
  const seconds = (performance.now() - startedAt) / 1_000
  return {
    eventsPerS: events / seconds,
    cpuMicrosPerEvent: ((server.cpuSeconds() - cpuBefore) * 1e6) / events,
    ackMs,
    groupWrites: ((await metricsOf(server.ready.url)).get('headwater_group_writes_total') ?? 0) - writesBefore,
  }
}

async function stored(url: string, events: number): Promise<void> {
  for (;;) {
    const metrics = await metricsOf(url)
    const isFolded = (metrics.get('headwater_events_applied_total') ?? 0) >= events
    if (isFolded && metrics.get('headwater_log_lag') === 0) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function peer(run: string, events: number): Promise<Run> {
  using folder = new Folder()
  await using server = await Child.start<{ url: string }>(peerProgram, [folder.path])
  await using load = await Child.start(loadProgram, [server.ready.url, ''])
  await load.ask('prepare', { run, seed: 1, events, users, perBatch, hotShare: 0.05 })
  const cpuBefore = server.cpuSeconds()
  const { elapsedMs, ackMs } = await load.ask<{ elapsedMs: number; ackMs: number[] }>('sendAll', 16, 4)
  return {
    eventsPerS: (events * 1_000) / elapsedMs,
    cpuMicrosPerEvent: ((server.cpuSeconds() - cpuBefore) * 1e6) / events,
    ackMs,
    groupWrites: events,
  }
}

const benchmark: Benchmark = {
  name: 'ingest',
  title: 'Ingest over HTTP to stored groups',
  method:
    'Events of 50,000 users (likes 70 %, Zipf over recent posts, one viral post, 1 % duplicates, some taken back) in JSON batches of 100 over 16 connections, four under way on each. The clock stops when every event is acknowledged after its fsync, folded, and its group, members and badge are stored. The peer is a node:http server that stores each event in a transaction of its own on the same disk, with the same `synchronous=FULL`: the event, the actor, the count.',
  async run({ quick, progress }) {
    const events = quick ? 20_000 : 300_000
    const peerEvents = quick ? 4_000 : 20_000
    const {
      ratio,
      ours: own,
      peers,
    } = await inPairs(
      quick ? 1 : 3,
      (pair) => {
        progress(`pair ${pair + 1}: Headwater`)
        return ours(`run-${pair}`, events)
      },
      (pair) => {
        progress(`pair ${pair + 1}: one transaction per event`)
        return peer(`run-${pair}`, peerEvents)
      },
      (run) => run.eventsPerS,
    )
    const rate = median(own.map((run) => run.eventsPerS))
    const cpu = (runs: readonly Run[]) => `${median(runs.map((run) => run.cpuMicrosPerEvent)).toFixed(1)} µs`
    const acks = (runs: readonly Run[]) => shownLatencies(latenciesOf(runs.flatMap((run) => run.ackMs)))
    return {
      figures: [
        {
          what: 'Events a second until stored',
          headwater: Math.round(rate).toLocaleString('en-US'),
          peer: Math.round(median(peers.map((run) => run.eventsPerS))).toLocaleString('en-US'),
        },
        { what: 'CPU per event, all threads', headwater: cpu(own), peer: cpu(peers) },
        {
          what: 'Acknowledgement of a batch of 100, sent as fast as answered',
          headwater: acks(own),
          peer: acks(peers),
        },
        {
          what: 'Group rows written per event',
          headwater: (median(own.map((run) => run.groupWrites)) / events).toFixed(2),
          peer: '1.00',
        },
        {
          what: 'Ratio (95 % interval)',
          headwater: `${ratio.median.toFixed(1)} (${ratio.low.toFixed(1)}–${ratio.high.toFixed(1)})`,
        },
      ],
      bars: [
        { what: 'Ingest to stored groups', measured: rate, must: 30_000, aim: 125_000, unit: 'ev/s', better: 'higher' },
        {
          what: 'Against one transaction per event',
          measured: ratio.median,
          must: 8,
          aim: null,
          unit: '×',
          better: 'higher',
        },
      ],
    }
  },
}

export default benchmark
