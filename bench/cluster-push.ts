import type { Pushed } from './load/push-program.ts'
import type { Benchmark } from './measuring/benchmark.ts'
import { Child } from './measuring/child.ts'
import { BenchCluster } from './measuring/cluster.ts'
import { apiKey } from './measuring/headwater.ts'
import { type Cpu, cpuPerEvent } from './measuring/process-usage.ts'
import { BenchServices } from './measuring/services.ts'
import { latenciesOf, median, shownLatencies, shownMedians } from './measuring/statistics.ts'

const loadProgram = new URL('./load/push-program.ts', import.meta.url)
const peerProgram = new URL('./peers/bare-ws.ts', import.meta.url)
const perRequest = 20

interface Case {
  readonly fence: 'lwt' | 'stamp'
  readonly users: number
  readonly eventsPerS: number
}

interface Run extends Pushed {
  readonly p99: number
  /** CPU microseconds an event, by process. */
  readonly cpu: Cpu
}

async function pushed(load: Child, run: string, eventsPerS: number, seconds: number, used: () => Cpu): Promise<Run> {
  await load.ask('open', 100)
  await load.ask('push', `${run}-warm`, eventsPerS / 2, Math.min(5, seconds), perRequest)
  const before = used()
  const result = await load.ask<Pushed>('push', run, eventsPerS, seconds, perRequest)
  return {
    ...result,
    cpu: cpuPerEvent(before, used(), eventsPerS * seconds),
    p99: latenciesOf(result.pushMs).p99,
  }
}

async function ours(services: BenchServices, { fence, users, eventsPerS }: Case, run: string, seconds: number) {
  const cluster = new BenchCluster(services, { 'kafka.partitions': 12, 'cassandra.fence': fence })
  await using worker = await cluster.start('worker')
  await using api = await cluster.start('api')
  await using first = await cluster.start('gateway')
  await using second = await cluster.start('gateway')
  const urls = [first, second].map(({ ready }) => ready.url).join(',')
  await using load = await Child.start(loadProgram, [urls, apiKey, String(users), api.ready.url])
  return await pushed(load, run, eventsPerS, seconds, () => ({
    worker: worker.cpuSeconds(),
    api: api.cpuSeconds(),
    'two gateways': first.cpuSeconds() + second.cpuSeconds(),
    ...services.cpuSeconds(),
  }))
}

async function peer(eventsPerS: number, users: number, run: string, seconds: number, frameBytes: number): Promise<Run> {
  await using server = await Child.start<{ url: string }>(peerProgram)
  await server.ask('frameBytes', frameBytes)
  await using load = await Child.start(loadProgram, [server.ready.url, '', String(users)])
  return await pushed(load, run, eventsPerS, seconds, () => ({}))
}

const benchmark: Benchmark = {
  name: 'cluster-push',
  title: 'From an event to a socket, through a cluster',
  method:
    'Events enter at an API, 20 in a request, and reach the sockets of users at two gateways: through Kafka, a worker that writes the groups to Cassandra, and Redis. Every part is a process of its own, services included, one of each and two gateways, all on this machine with the clients. Open loop; latency counts from when a request was due. The peer is bare `ws` behind node:http in one process, which stores nothing.',
  async run({ quick, progress }) {
    await using services = await BenchServices.start(progress)
    const seconds = quick ? 3 : 10
    const rounds = quick ? 1 : 3
    const cases: readonly Case[] = [
      { fence: 'stamp', users: 5_000, eventsPerS: 5_000 },
      { fence: 'stamp', users: 500, eventsPerS: 5_000 },
      { fence: 'lwt', users: 500, eventsPerS: 5_000 },
      { fence: 'stamp', users: 5_000, eventsPerS: 1_000 },
      { fence: 'lwt', users: 500, eventsPerS: 1_000 },
    ]
    const nameOf = ({ fence, users, eventsPerS }: Case) => `${fence}, ${users} users, ${eventsPerS} events/s`
    const runs = new Map<string, Run[]>(cases.map((one) => [nameOf(one), []]))
    const peers: Run[] = []
    for (let round = 0; round < rounds; round++) {
      for (const one of cases) {
        const run = await ours(services, one, `run-${round}`, seconds)
        progress(`${nameOf(one)}: ${shownLatencies(latenciesOf(run.pushMs))}; missing ${run.missing}`)
        runs.get(nameOf(one))?.push(run)
      }
      peers.push(await peer(5_000, 5_000, `run-${round}`, seconds, 700))
    }
    const all = (some: readonly Run[]) => shownLatencies(latenciesOf(some.flatMap(({ pushMs }) => [...pushMs])))
    const cpu = (some: readonly Run[]) =>
      shownMedians(
        some.map((run) => run.cpu),
        0,
      )
    const of = (one: Case | undefined) => (one && runs.get(nameOf(one))) ?? []
    const p99 = (one: Case | undefined) => median(of(one).map((run) => run.p99))
    const bar = (what: string, one: Case | undefined) =>
      ({ what, measured: p99(one), must: 25, aim: null, unit: 'ms', better: 'lower' }) as const
    return {
      figures: cases.flatMap((one) => [
        { what: nameOf(one), headwater: all(of(one)), peer: all(peers) },
        { what: `${nameOf(one)}: CPU µs an event`, headwater: cpu(of(one)) },
      ]),
      bars: [
        bar('Push p99 under stamp, 5,000 a second to 5,000 users', cases[0]),
        bar('Push p99 under lwt, 5,000 a second to 500 users', cases[2]),
      ],
    }
  },
}

export default benchmark
