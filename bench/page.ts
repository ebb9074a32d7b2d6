import { storeGroups, thirtyToThreeHundred } from './load/stored-groups.ts'
import type { Benchmark } from './measuring/benchmark.ts'
import { Child } from './measuring/child.ts'
import { Folder, startHeadwater } from './measuring/headwater.ts'
import { inPairs } from './measuring/pairs.ts'
import { latenciesOf, median, shownLatencies } from './measuring/statistics.ts'

const loadProgram = new URL('./load/page-program.ts', import.meta.url)
const peerProgram = new URL('./peers/constant-buffer.ts', import.meta.url)
const connections = 24
const path = '/v1/activities?limit=20'

interface Run {
  readonly perCpuSecond: number
  readonly perS: number
  readonly meanBytes: number
}

/** A server and the process that reads from it. */
class Side implements AsyncDisposable {
  readonly server: Child<{ url: string }>
  readonly load: Child

  private constructor(server: Child<{ url: string }>, load: Child) {
    this.server = server
    this.load = load
  }

  static async start(server: Child<{ url: string }>, users: number, warmUsers: number): Promise<Side> {
    const load = await Child.start(loadProgram, [server.ready.url])
    await load.ask('prepare', { users, warmUsers, warmShare: 0.8, path })
    await load.ask('warmUp')
    return new Side(server, load)
  }

  /** From now on this share of the requests is of users whose pages are kept. */
  async mix(users: number, warmUsers: number, warmShare: number): Promise<void> {
    await this.load.ask('prepare', { users, warmUsers, warmShare, path })
  }

  async read(seconds: number): Promise<Run> {
    const cpuBefore = this.server.cpuSeconds()
    const run = await this.load.ask<{ requests: number; seconds: number; meanBytes: number }>(
      'readFor',
      seconds,
      connections,
    )
    return {
      perCpuSecond: run.requests / (this.server.cpuSeconds() - cpuBefore),
      perS: run.requests / run.seconds,
      meanBytes: run.meanBytes,
    }
  }

  async readSteadily(perS: number, seconds: number): Promise<Float64Array> {
    const { latenciesMs, failed } = await this.load.ask<{ latenciesMs: Float64Array; failed: number }>(
      'readSteadily',
      perS,
      seconds,
      connections,
    )
    if (failed > 0) throw new Error(`${failed} reads failed`)
    return latenciesMs
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.load[Symbol.asyncDispose]()
    await this.server[Symbol.asyncDispose]()
  }
}

const benchmark: Benchmark = {
  name: 'page',
  title: 'The list page with its badge',
  method:
    'The first page of 20 groups, with names, summaries, read flags and the exact badge, asked for by users with tokens of their own over 24 connections. 12,000 users have 30–300 groups each; 80 % of the requests are of 1,500 users whose pages were read before, the others go round the rest, who are more than there is room for pages, so that each is made anew. The peer is a node:http server that answers with a constant buffer of the same size. Rates are per second of CPU time of the server process, all its threads; latencies open loop at 30 % of what each side answered at most.',
  async run({ quick, progress }) {
    // Of all their pages only three in four fit into what is kept, and those who go round are never among them.
    const users = quick ? 600 : 12_000
    const warmUsers = quick ? 200 : 1_500
    using folder = new Folder()
    progress('storing groups')
    await storeGroups(folder.path, { users, groupsOf: thirtyToThreeHundred }, progress)
    await using own = await Side.start(await startHeadwater(folder.path), users, warmUsers)
    // Until compiled code has settled.
    let size = 0
    for (let i = 0; i < (quick ? 1 : 5); i++) size = Math.round((await own.read(4)).meanBytes)
    await using peer = await Side.start(await Child.start<{ url: string }>(peerProgram, [String(size)]), 1_000, 1_000)
    await peer.read(2)
    const seconds = quick ? 1 : 4
    const pairs = await inPairs(
      quick ? 1 : 5,
      (pair) => {
        progress(`pair ${pair + 1}: Headwater`)
        return own.read(seconds)
      },
      (pair) => {
        progress(`pair ${pair + 1}: a constant buffer`)
        return peer.read(seconds)
      },
      (run) => run.perCpuSecond,
    )
    progress('kept pages alone, and pages of users never seen alone')
    await own.mix(warmUsers, warmUsers, 1)
    const kept = await inPairs(
      quick ? 1 : 3,
      () => own.read(seconds),
      () => peer.read(seconds),
      (run) => run.perCpuSecond,
    )
    await own.mix(users, warmUsers, 0)
    const unseen = await own.read(seconds)
    await own.mix(users, warmUsers, 0.8)
    const most = { own: median(pairs.ours.map((run) => run.perS)), peer: median(pairs.peers.map((run) => run.perS)) }
    progress('open loop')
    const latencies: { own: Float64Array[]; peer: Float64Array[] } = { own: [], peer: [] }
    for (let i = 0; i < (quick ? 1 : 3); i++) {
      latencies.own.push(await own.readSteadily(most.own * 0.3, seconds * 2))
      latencies.peer.push(await peer.readSteadily(most.peer * 0.3, seconds * 2))
    }
    const p99 = (all: readonly Float64Array[]) => median(all.map((each) => latenciesOf(each).p99))
    const perCpu = (runs: readonly Run[]) =>
      Math.round(median(runs.map((run) => run.perCpuSecond))).toLocaleString('en-US')
    const shown = (all: readonly Float64Array[]) => shownLatencies(latenciesOf(all.flatMap((each) => [...each])))
    return {
      figures: [
        { what: 'Pages per CPU-second', headwater: perCpu(pairs.ours), peer: perCpu(pairs.peers) },
        {
          what: 'Pages a second at most, with the client on the same machine',
          headwater: Math.round(most.own).toLocaleString('en-US'),
          peer: Math.round(most.peer).toLocaleString('en-US'),
        },
        { what: 'Kept pages alone, per CPU-second', headwater: perCpu(kept.ours), peer: perCpu(kept.peers) },
        { what: 'Pages of users never seen alone, per CPU-second', headwater: perCpu([unseen]) },
        { what: 'Bytes of a page', headwater: size.toLocaleString('en-US'), peer: size.toLocaleString('en-US') },
        { what: 'Latency, open loop at 30 % of that', headwater: shown(latencies.own), peer: shown(latencies.peer) },
        {
          what: 'Ratio (95 % interval)',
          headwater: `${pairs.ratio.median.toFixed(2)} (${pairs.ratio.low.toFixed(2)}–${pairs.ratio.high.toFixed(2)})`,
        },
      ],
      bars: [
        {
          what: 'Pages per CPU-second, one in five of users never seen, against a constant buffer',
          measured: pairs.ratio.median,
          must: 0.5,
          aim: 0.75,
          unit: '×',
          better: 'higher',
        },
        {
          what: 'Kept pages per CPU-second, against a constant buffer',
          measured: kept.ratio.median,
          must: 0.5,
          aim: 0.75,
          unit: '×',
          better: 'higher',
        },
        { what: 'Page latency, p99', measured: p99(latencies.own), must: 8, aim: 3, unit: 'ms', better: 'lower' },
      ],
    }
  },
}

export default benchmark
