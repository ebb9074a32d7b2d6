import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { totalsOf } from '../server/src/activity/log-totals.ts'
import { shippedCosts } from '../server/src/cli/capacity/costs.ts'
import { eventsOf, fill, type Mix } from './load/cluster-events.ts'
import type { Benchmark } from './measuring/benchmark.ts'
import { Child } from './measuring/child.ts'
import { BenchCluster } from './measuring/cluster.ts'
import { metricsOf } from './measuring/headwater.ts'
import { type Cpu, cpuPerEvent } from './measuring/process-usage.ts'
import { BenchServices } from './measuring/services.ts'
import { median, shownMedians } from './measuring/statistics.ts'
import { saveUnitCosts } from './measuring/unit-costs.ts'

const peerProgram = new URL('./peers/row-per-event.ts', import.meta.url)

interface Case {
  readonly name: string
  readonly mix: Mix
  readonly fence: 'lwt' | 'stamp'
  readonly partitions: number
  readonly workers: number
  readonly events: number
}

interface Run {
  readonly eventsPerS: number
  /** CPU microseconds an event, by process. */
  readonly cpu: Cpu
  /** Rows of groups that were written, an event. */
  readonly groupWrites: number
}

/** Events wait in the topic; workers are started and work them off. */
async function worked(services: BenchServices, given: Case, seed: number): Promise<Run> {
  const cluster = new BenchCluster(services, {
    'kafka.partitions': given.partitions,
    'cassandra.fence': given.fence,
  })
  const engines = await cluster.engines()
  try {
    await fill(engines.ports.log, eventsOf(given.mix, given.events, seed))
    const before = services.cpuSeconds('kafka', 'cassandra', 'redis')
    const workers = await Promise.all(Array.from({ length: given.workers }, () => cluster.start('worker')))
    const workersCpu = () => workers.reduce((sum, worker) => sum + worker.cpuSeconds(), 0)
    const workersBefore = workersCpu()
    const started = performance.now()
    for (let last = -1; ; await sleep(50)) {
      const { end, committed } = await totalsOf(engines.ports.log)
      if (committed >= end) break
      if (committed === last && performance.now() - started > 300_000) throw new Error('the workers stand still')
      last = committed
    }
    const seconds = (performance.now() - started) / 1_000
    const after = { worker: workersCpu(), ...services.cpuSeconds('kafka', 'cassandra', 'redis') }
    const written = await Promise.all(workers.map(({ ready }) => metricsOf(ready.url)))
    await Promise.all(workers.map((worker) => worker.ask('stop')))
    await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()))
    return {
      eventsPerS: given.events / seconds,
      cpu: cpuPerEvent({ worker: workersBefore, ...before }, after, given.events),
      groupWrites:
        written.reduce((sum, told) => sum + (told.get('headwater_group_writes_total') ?? 0), 0) / given.events,
    }
  } finally {
    await engines[Symbol.asyncDispose]()
  }
}

async function peer(services: BenchServices, mix: Mix, events: number, seed: number): Promise<Run> {
  const cluster = new BenchCluster(services, { 'kafka.partitions': 12 })
  const engines = await cluster.engines()
  try {
    await fill(engines.ports.log, eventsOf(mix, events, seed))
    const { namespace } = cluster.config().cluster
    const before = services.cpuSeconds('kafka', 'cassandra')
    await using consumer = await Child.start(peerProgram, [
      services.file,
      `${namespace}.activity`,
      '12',
      `${namespace}_peer`,
    ])
    const consumerBefore = consumer.cpuSeconds()
    const seconds = await consumer.ask<number>('workOff', events)
    const after = { worker: consumer.cpuSeconds(), ...services.cpuSeconds('kafka', 'cassandra') }
    return {
      eventsPerS: events / seconds,
      cpu: cpuPerEvent({ worker: consumerBefore, ...before }, after, events),
      groupWrites: 1,
    }
  } finally {
    await engines[Symbol.asyncDispose]()
  }
}

const rate = (runs: readonly Run[]) => median(runs.map(({ eventsPerS }) => eventsPerS))
const shown = (perS: number) => `${Math.round(perS).toLocaleString('en-US')} events/s`
const cpuOf = (runs: readonly Run[]) =>
  shownMedians(
    runs.map(({ cpu }) => cpu),
    1,
  )

const writesOf = (runs: readonly Run[]) => median(runs.map(({ groupWrites }) => groupWrites))
/** Events a second if every core did nothing else: what `headwater plan` would say of this machine. */
const byCpu = ({ cpu }: Run) => (availableParallelism() * 1e6) / Object.values(cpu).reduce((sum, each) => sum + each, 0)

/** Of a worker's time, what an event does not take by itself goes to the rows that are written. */
function saveWorkerCosts(runs: readonly Run[]): void {
  const { value: eventUs } = shippedCosts['worker.eventUs']
  const flushUs = (median(runs.map(({ cpu }) => cpu.worker ?? 0)) - eventUs) / writesOf(runs)
  if (flushUs > 0) saveUnitCosts({ 'worker.flushUs': flushUs }, 'bench/cluster-fold.ts, viral mix, lwt')
}

const benchmark: Benchmark = {
  name: 'cluster-fold',
  title: 'From Kafka to groups in Cassandra',
  method:
    'Events wait in the topic; workers are started and the time is taken until all are committed: folded, written to Cassandra, told. Kafka, Cassandra (one node each, commit log synced in batches), Redis and the workers share this machine. The viral mix is that of `headwater simulate` over five minutes, in one of which a post gets 50,000 likes; in the even mix every event opens a group of a user of its own, so that nothing can be folded together. The peer reads the same topic with the same client, and for every event reads a row, adds one and writes it back, 256 groups side by side; it keeps neither who was counted nor an order. Both sides run once beforehand, since Cassandra compiles its code as it is used.',
  async run({ quick, progress }) {
    await using services = await BenchServices.start(progress)
    const rounds = quick ? 1 : 2
    const events = quick ? 20_000 : 120_000
    const few = quick ? 2_000 : 10_000
    const cases: readonly Case[] = [
      { name: 'viral, 12 partitions, lwt', mix: 'viral', fence: 'lwt', partitions: 12, workers: 1, events },
      { name: 'viral, 12 partitions, stamp', mix: 'viral', fence: 'stamp', partitions: 12, workers: 1, events },
      { name: 'viral, 512 partitions, lwt', mix: 'viral', fence: 'lwt', partitions: 512, workers: 1, events },
      { name: 'viral, 512 partitions, stamp', mix: 'viral', fence: 'stamp', partitions: 512, workers: 1, events },
      { name: 'viral, 12 partitions, lwt, 2 workers', mix: 'viral', fence: 'lwt', partitions: 12, workers: 2, events },
      { name: 'viral, 12 partitions, lwt, 4 workers', mix: 'viral', fence: 'lwt', partitions: 12, workers: 4, events },
      { name: 'even, 12 partitions, lwt', mix: 'even', fence: 'lwt', partitions: 12, workers: 1, events: few },
      { name: 'even, 12 partitions, stamp', mix: 'even', fence: 'stamp', partitions: 12, workers: 1, events: few },
    ]
    const runs = new Map<string, Run[]>(cases.map(({ name }) => [name, []]))
    const peers: Record<Mix, Run[]> = { viral: [], even: [] }
    if (!quick) {
      const warm = { name: 'warm', mix: 'viral', partitions: 12, workers: 1, events } as const
      for (const fence of ['lwt', 'stamp'] as const) await worked(services, { ...warm, fence }, 100)
      await peer(services, 'viral', few, 100)
    }
    // In turn, so that what the machine does meanwhile strikes all.
    for (let round = 0; round < rounds; round++) {
      for (const one of cases) {
        const run = await worked(services, one, round + 1)
        progress(`${one.name}: ${shown(run.eventsPerS)}; CPU µs ${cpuOf([run])}`)
        runs.get(one.name)?.push(run)
      }
      for (const mix of ['viral', 'even'] as const) {
        const run = await peer(services, mix, few * 2, round + 1)
        progress(`a row per event, ${mix}: ${shown(run.eventsPerS)}; CPU µs ${cpuOf([run])}`)
        peers[mix].push(run)
      }
    }
    const of = (name: string) => runs.get(name) ?? []
    const main = of('viral, 12 partitions, lwt')
    if (!quick) saveWorkerCosts(main)
    return {
      figures: cases.flatMap(({ name, mix }) => [
        { what: name, headwater: shown(rate(of(name))), peer: shown(rate(peers[mix])) },
        { what: `${name}: CPU µs an event`, headwater: cpuOf(of(name)), peer: cpuOf(peers[mix]) },
        { what: `${name}: what that comes to on all cores`, headwater: shown(median(of(name).map(byCpu))) },
        { what: `${name}: group rows written an event`, headwater: writesOf(of(name)).toFixed(2), peer: '1.00' },
      ]),
      bars: [
        {
          what: 'Viral mix, 12 partitions, lwt, against a row per event',
          measured: rate(main) / rate(peers.viral),
          must: 5,
          aim: null,
          unit: '×',
          better: 'higher',
        },
      ],
    }
  },
}

export default benchmark
