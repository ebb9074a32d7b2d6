import { setTimeout as sleep } from 'node:timers/promises'
import type { Benchmark, BenchmarkRun } from './measuring/benchmark.ts'
import { Child } from './measuring/child.ts'
import { Folder, startHeadwater } from './measuring/headwater.ts'
import { slabBytes } from './measuring/process-usage.ts'
import { median } from './measuring/statistics.ts'

const loadProgram = new URL('./load/sockets-program.ts', import.meta.url)

interface Held {
  readonly sockets: number
  readonly residentBytes: number
  readonly slabBytes: number
}

interface Run {
  readonly held: readonly Held[]
  /** Bytes of one more socket, between the smallest and the largest count. */
  readonly perSocket: number
  /** Of these, in the process. */
  readonly inProcess: number
  /** CPU of the server while all sockets are idle, microseconds a second for each. */
  readonly idleMicrosPerS: number
}

type Start = (folder: string) => Promise<Child<{ url: string }>>

async function held(server: Child, sockets: number): Promise<Held> {
  // What the storm of opening left behind is not part of a socket.
  for (let i = 0; i < 4; i++) {
    await server.ask('collectGarbage')
    await sleep(300)
  }
  return { sockets, residentBytes: server.residentBytes(), slabBytes: slabBytes() }
}

async function measured(start: Start, dialect: string, counts: readonly number[], idleS: number): Promise<Run> {
  using folder = new Folder()
  await using server = await start(folder.path)
  const most = counts.at(-1)!
  await using load = await Child.start(loadProgram, [server.ready.url, dialect, String(most)])
  const all: Held[] = []
  let open = 0
  for (const count of counts) {
    await load.ask('open', open, count, 40)
    open = count
    all.push(await held(server, count))
  }
  const cpuBefore = server.cpuSeconds()
  await sleep(idleS * 1_000)
  const idleMicrosPerS = ((server.cpuSeconds() - cpuBefore) * 1e6) / idleS / most
  if ((await load.ask<number>('live')) < most) throw new Error('sockets were closed meanwhile')
  const [first, last] = [all[0]!, all.at(-1)!]
  const between = last.sockets - first.sockets
  const inProcess = (last.residentBytes - first.residentBytes) / between
  // The kernel holds both ends of each connection, and the server's is one of them.
  const perSocket = inProcess + (last.slabBytes - first.slabBytes) / 2 / between
  return { held: all, perSocket, inProcess, idleMicrosPerS }
}

const sides: readonly { readonly name: string; readonly dialect: string; readonly start: Start }[] = [
  {
    name: 'Headwater',
    dialect: 'headwater',
    start: (folder) => startHeadwater(folder),
  },
  {
    name: 'bare ws',
    dialect: 'headwater',
    start: () => Child.start(new URL('./peers/bare-ws.ts', import.meta.url)),
  },
  {
    name: 'Socket.IO',
    dialect: 'socketIo',
    start: () => Child.start(new URL('./peers/socket-io.ts', import.meta.url)),
  },
]

const kb = (bytes: number): string => `${(bytes / 1_000).toFixed(1)} KB`

async function runAll({ quick, progress }: BenchmarkRun) {
  const counts = quick ? [500, 1_000, 2_000] : [1_000, 5_000, 10_000, 19_000]
  const rounds = 1
  const runs = new Map<string, Run[]>(sides.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const run = await measured(side.start, side.dialect, counts, quick ? 2 : 5)
      runs.get(side.name)!.push(run)
      progress(`round ${round + 1}: ${side.name} ${kb(run.perSocket)}, ${kb(run.inProcess)} of it in the process`)
    }
  }
  const of = (name: string, value: (run: Run) => number) => median(runs.get(name)!.map(value))
  const perSocket = (name: string) => of(name, (run) => run.perSocket)
  const peers = (shown: (name: string) => string) => `bare ws ${shown('bare ws')}, Socket.IO ${shown('Socket.IO')}`
  const grown = (name: string) =>
    counts.map((sockets, i) => [sockets, of(name, (run) => run.held[i]!.residentBytes) / 1e6] as const)
  return {
    figures: [
      {
        what: 'Memory of an idle socket, the kernel included',
        headwater: kb(perSocket('Headwater')),
        peer: peers((name) => kb(perSocket(name))),
      },
      {
        what: 'Of it in the process',
        headwater: kb(of('Headwater', (run) => run.inProcess)),
        peer: peers((name) => kb(of(name, (run) => run.inProcess))),
      },
      {
        what: 'Sockets in a GiB',
        headwater: Math.round(2 ** 30 / perSocket('Headwater')).toLocaleString('en-US'),
        peer: peers((name) => Math.round(2 ** 30 / perSocket(name)).toLocaleString('en-US')),
      },
      {
        what: 'Sockets in the memory of one of Socket.IO',
        headwater: (perSocket('Socket.IO') / perSocket('Headwater')).toFixed(2),
      },
      {
        what: 'CPU of an idle socket, microseconds a second',
        headwater: of('Headwater', (run) => run.idleMicrosPerS).toFixed(1),
        peer: peers((name) => of(name, (run) => run.idleMicrosPerS).toFixed(1)),
      },
    ],
    bars: [
      {
        what: 'Memory of an idle socket',
        measured: perSocket('Headwater') / 1_000,
        must: 20,
        aim: 14,
        unit: 'KB',
        better: 'lower' as const,
      },
    ],
    plots: [
      {
        title: 'Resident memory of the server',
        x: 'idle sockets',
        y: 'MB',
        xLog: false,
        series: sides.map(({ name }) => ({ name, points: grown(name) })),
      },
    ],
  }
}

const benchmark: Benchmark = {
  name: 'idle-sockets',
  title: 'What an idle socket costs',
  method:
    'Sockets of as many users are opened against one server process, up to 19,000; a process may have 20,000 files open. After forced garbage collection at each count the resident memory of the process is read, and the slab of the kernel, of which the server has one half. The figure is the slope between 1,000 and the most. Headwater has checked a token for each, knows its user and position, listens to the user and keeps the badge; bare `ws` and Socket.IO keep the user alone, in a map and in a room. Headwater pings every 20 s, Socket.IO every 25 s, bare `ws` never.',
  run: runAll,
}

export default benchmark
