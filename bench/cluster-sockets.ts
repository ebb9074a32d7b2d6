import { setTimeout as sleep } from 'node:timers/promises'
import type { Benchmark } from './measuring/benchmark.ts'
import { Child } from './measuring/child.ts'
import { BenchCluster } from './measuring/cluster.ts'
import { BenchServices } from './measuring/services.ts'

const loadProgram = new URL('./load/sockets-program.ts', import.meta.url)
const peerProgram = new URL('./peers/bare-ws.ts', import.meta.url)
/** A process may have 20,000 files open. */
const perProcess = 19_000

const benchmark: Benchmark = {
  name: 'cluster-sockets',
  title: 'Sockets of three gateways',
  method:
    'Sockets of as many users, 19,000 for each of three gateway processes, from three client processes. Memory and CPU are those of the gateways and of Redis, which keeps who is where and who is to be told, before the first socket and with all of them; the time at rest has two heartbeats of the registry in it. The peer is one process of bare `ws` with a third of the sockets.',
  async run({ quick, progress }) {
    await using services = await BenchServices.start(progress)
    const gateways = 3
    const each = quick ? 1_000 : perProcess
    const restS = quick ? 5 : 65
    const cluster = new BenchCluster(services, { 'kafka.partitions': 12, 'cassandra.fence': 'stamp' })
    await using stack = new AsyncDisposableStack()
    const nodes: Child<{ readonly url: string }>[] = []
    for (let i = 0; i < gateways; i++) nodes.push(stack.use(await cluster.start('gateway')))
    const loads = await Promise.all(
      nodes.map(({ ready }, i) => Child.start(loadProgram, [ready.url, 'headwater', String(each), String(i * each)])),
    )
    for (const load of loads) stack.use(load)
    const resident = () => nodes.reduce((sum, node) => sum + node.residentBytes(), 0)
    const cpu = () => nodes.reduce((sum, node) => sum + node.cpuSeconds(), 0)
    const redis = () => services.cpuSeconds().redis ?? 0
    const collected = async () => {
      for (let i = 0; i < 4; i++) {
        await Promise.all(nodes.map((node) => node.ask('collectGarbage')))
        await sleep(300)
      }
      return resident()
    }
    const empty = await collected()
    const before = { cpu: cpu(), redis: redis(), at: performance.now() }
    await Promise.all(loads.map((load) => load.ask('open', 0, each, 40)))
    const sockets = gateways * each
    const openedS = (performance.now() - before.at) / 1_000
    const opened = { cpu: cpu(), redis: redis() }
    progress(`${sockets} sockets open after ${openedS.toFixed(1)} s`)
    const full = await collected()
    const rest = { cpu: cpu(), redis: redis() }
    await sleep(restS * 1_000)
    const end = { cpu: cpu(), redis: redis() }
    const live = (await Promise.all(loads.map((load) => load.ask<number>('live')))).reduce((sum, n) => sum + n, 0)
    if (live < sockets) throw new Error(`${sockets - live} sockets were closed meanwhile`)
    const perSocket = (full - empty) / sockets
    const micros = (seconds: number) => `${((seconds * 1e6) / sockets).toFixed(1)} µs`
    const perS = (seconds: number) => `${((seconds * 1e6) / sockets / restS).toFixed(2)} µs/s`
    await stack.disposeAsync()
    const bare = await bareSocket(each)
    return {
      figures: [
        {
          what: 'Sockets open at once',
          headwater: sockets.toLocaleString('en-US'),
          peer: each.toLocaleString('en-US'),
        },
        {
          what: 'Memory of a socket in its gateway',
          headwater: `${(perSocket / 1_000).toFixed(1)} KB`,
          peer: `${(bare / 1_000).toFixed(1)} KB`,
        },
        { what: 'Opening one: CPU of the gateway', headwater: micros(opened.cpu - before.cpu) },
        { what: 'Opening one: CPU of Redis', headwater: micros(opened.redis - before.redis) },
        { what: 'At rest: CPU of the gateway', headwater: perS(end.cpu - rest.cpu) },
        { what: 'At rest: CPU of Redis (registry and interest)', headwater: perS(end.redis - rest.redis) },
      ],
      bars: [
        {
          what: 'Sockets in three gateway processes',
          measured: live,
          must: 57_000,
          aim: null,
          unit: '',
          better: 'higher',
        },
      ],
    }
  },
}

async function bareSocket(count: number): Promise<number> {
  await using server = await Child.start<{ url: string }>(peerProgram)
  await using load = await Child.start(loadProgram, [server.ready.url, 'headwater', String(count)])
  const collect = async () => {
    for (let i = 0; i < 4; i++) {
      await server.ask('collectGarbage')
      await sleep(300)
    }
    return server.residentBytes()
  }
  const empty = await collect()
  await load.ask('open', 0, count, 40)
  return ((await collect()) - empty) / count
}

export default benchmark
