import type { Benchmark } from './measuring/benchmark.ts'
import { Child } from './measuring/child.ts'
import { apiKey, Folder, metricsOf, startHeadwater } from './measuring/headwater.ts'
import { inPairs } from './measuring/pairs.ts'
import { median } from './measuring/statistics.ts'

const loadProgram = new URL('./load/sockets-program.ts', import.meta.url)
const peerProgram = new URL('./peers/bare-ws.ts', import.meta.url)

interface Run {
  readonly backMs: number
  readonly cpuMicros: number
  readonly clientCpuS: number
  readonly refused: number
  readonly reads: number
}

/** All clients try again within this time, by chance. */
const jitterMs = 1_000

async function storm(server: Child<{ url: string }>, sockets: number, reads: () => Promise<number>): Promise<Run> {
  await using load = await Child.start(loadProgram, [server.ready.url, 'headwater', String(sockets)])
  await load.ask('open', 0, sockets, 100)
  await server.ask('collectGarbage')
  // A server that was opened to by so many takes the next storm a little later.
  await new Promise((resolve) => setTimeout(resolve, 6_000))
  const refusedBefore = await load.ask<number>('refused')
  const readsBefore = await reads()
  const cpuBefore = server.cpuSeconds()
  const clientBefore = await load.ask<number>('cpuS')
  await load.ask('cut', 0, sockets)
  const backMs = await load.ask<number>('reopen', 0, sockets, jitterMs)
  return {
    backMs,
    cpuMicros: ((server.cpuSeconds() - cpuBefore) * 1e6) / sockets,
    clientCpuS: (await load.ask<number>('cpuS')) - clientBefore,
    refused: (await load.ask<number>('refused')) - refusedBefore,
    reads: (await reads()) - readsBefore,
  }
}

/** Every user has had an event, so that there is a position to go on from. */
async function ours(sockets: number): Promise<Run> {
  using folder = new Folder()
  await using server = await startHeadwater(folder.path)
  const { url } = server.ready
  for (let i = 0; i < sockets; i += 500) {
    const events = Array.from({ length: Math.min(500, sockets - i) }, (_, j) => ({
      event_type: 'LIKE',
      actor_id: 'ann',
      target_user_id: `user-${i + j}`,
      object_type: 'POST',
      object_id: 'p1',
    }))
    const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }
    await fetch(`${url}/v1/events`, { method: 'POST', headers, body: JSON.stringify({ events }) })
  }
  while ((await metricsOf(url)).get('headwater_log_lag') !== 0) await new Promise((done) => setTimeout(done, 100))
  return await storm(server, sockets, async () => (await metricsOf(url)).get('headwater_store_reads_total') ?? 0)
}

async function peer(sockets: number): Promise<Run> {
  await using server = await Child.start<{ url: string }>(peerProgram)
  return await storm(server, sockets, async () => 0)
}

const benchmark: Benchmark = {
  name: 'reconnect',
  title: 'All sockets come back',
  method:
    '10,000 sockets of as many users are cut at once and come back within a second by chance, each with its token and its position; who is refused tries again after 0.5 to 1.5 s. The clock runs until the last one has its hello. The peer is bare `ws`, which checks nothing. The gateway compares the heads of a few users with every beat of its heart, which is a read for up to 500 of them; clients that come back cost none.',
  async run({ quick, progress }) {
    const sockets = quick ? 1_000 : 10_000
    const {
      ratio,
      ours: own,
      peers,
    } = await inPairs(
      quick ? 1 : 3,
      async (pair) => {
        const run = await ours(sockets)
        progress(`pair ${pair + 1}: Headwater ${run.backMs.toFixed(0)} ms, ${run.reads} reads`)
        return run
      },
      async (pair) => {
        const run = await peer(sockets)
        progress(`pair ${pair + 1}: bare ws ${run.backMs.toFixed(0)} ms`)
        return run
      },
      (run) => run.backMs,
    )
    const back = median(own.map((run) => run.backMs))
    const reads = median(own.map((run) => run.reads))
    // One comparison of heads for each second that the storm lasted, and one on either side.
    const readsOfBeats = back / 1_000 + 2
    const shown = (runs: readonly Run[], of: (run: Run) => number, digits = 0) => median(runs.map(of)).toFixed(digits)
    return {
      figures: [
        {
          what: 'Until all are back',
          headwater: `${shown(own, (run) => run.backMs / 1_000, 2)} s`,
          peer: `${shown(peers, (run) => run.backMs / 1_000, 2)} s`,
        },
        {
          what: 'CPU of the server per socket',
          headwater: `${shown(own, (run) => run.cpuMicros)} µs`,
          peer: `${shown(peers, (run) => run.cpuMicros)} µs`,
        },
        {
          what: 'CPU of the clients',
          headwater: `${shown(own, (run) => run.clientCpuS, 1)} s`,
          peer: `${shown(peers, (run) => run.clientCpuS, 1)} s`,
        },
        {
          what: 'Refused at first',
          headwater: shown(own, (run) => run.refused),
          peer: shown(peers, (run) => run.refused),
        },
        { what: 'Store reads in that time, of the heartbeat', headwater: shown(own, (run) => run.reads) },
        {
          what: 'Time against bare ws',
          headwater: `${ratio.median.toFixed(1)} (${ratio.low.toFixed(1)}–${ratio.high.toFixed(1)})`,
        },
      ],
      bars: [
        {
          what: `${sockets.toLocaleString('en-US')} sockets back`,
          measured: back / 1_000,
          must: 15,
          aim: 6,
          unit: 's',
          better: 'lower',
        },
        {
          what: 'Store reads for those who are up to date',
          measured: Math.max(0, reads - readsOfBeats),
          must: 0,
          aim: 0,
          unit: '',
          better: 'lower',
        },
      ],
    }
  },
}

export default benchmark
