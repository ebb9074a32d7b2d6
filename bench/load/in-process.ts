import { assembleFeatures, type Features } from '../../server/src/assemble.ts'
import { settingsWith } from '../../server/src/config/load.ts'
import { openEmbedded } from '../../server/src/engines/embedded.ts'
import { silentLog } from '../../server/src/lib/log.ts'
import { systemSeams } from '../../server/src/lib/system-seams.ts'
import type { Plot } from '../measuring/benchmark.ts'
import { median } from '../measuring/statistics.ts'

/** A server's features on a data directory in this process, without HTTP: for costs that the way over a socket would hide. */
export async function openFeatures(folder: string): Promise<Features & AsyncDisposable> {
  const config = {
    ...settingsWith({ 'data.dir': folder }),
    access: { apiKeys: ['a key'], tokenSecrets: ['a secret of the benchmarks, 32 bytes or more'] },
    isDevelopment: false,
  }
  const engines = await openEmbedded(config, systemSeams)
  const features = await assembleFeatures(engines.ports, {
    config,
    seams: systemSeams,
    log: silentLog,
    webFolder: null,
    checkEngines: async () => ({}),
  })
  return {
    ...features,
    async [Symbol.asyncDispose]() {
      await features[Symbol.asyncDispose]()
      await engines[Symbol.asyncDispose]()
    },
  }
}

export interface Case {
  /** What grows. */
  readonly x: number
  /** One piece of work; `i` counts up. */
  run(i: number): Promise<unknown>
}

/**
 * CPU microseconds of one piece of work for each case: the cases in turn, in many short blocks, so that what the machine does
 * meanwhile strikes all of them; the median block of each.
 */
export async function cpuMicros(cases: readonly Case[], { blocks, perBlock }: { blocks: number; perBlock: number }) {
  const costs = cases.map((): number[] => [])
  for (let block = -2; block < blocks; block++) {
    for (const [at, { run }] of cases.entries()) {
      const before = process.cpuUsage()
      for (let i = 0; i < perBlock; i++) await run((block + 2) * perBlock + i)
      const { user, system } = process.cpuUsage(before)
      // The first blocks warm up.
      if (block >= 0) costs[at]!.push((user + system) / perBlock)
    }
  }
  return cases.map(({ x }, at): readonly [number, number] => [x, median(costs[at]!)])
}

export type Points = readonly (readonly [x: number, y: number])[]

/** How many times the smallest cost the largest is. */
export const slopeOf = (points: Points): number =>
  Math.max(...points.map(([, y]) => y)) / Math.min(...points.map(([, y]) => y))

export const slopeBar = (what: string, points: Points) =>
  ({ what, measured: slopeOf(points), must: 1.3, aim: null, unit: '×', better: 'lower' }) as const

export const slopePlot = (title: string, x: string, xLog: boolean, series: Readonly<Record<string, Points>>): Plot => ({
  title,
  x,
  y: 'CPU, µs',
  xLog,
  series: Object.entries(series).map(([name, points]) => ({ name, points })),
})

export const shownPoints = (points: Points): string =>
  points.map(([x, y]) => `${x.toLocaleString('en-US')}: ${y.toFixed(1)} µs`).join(' · ')
