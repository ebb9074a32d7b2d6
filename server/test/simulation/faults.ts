import { type FaultRates, troubled } from '../../src/engines/memory/hostile-world.ts'
import type { Random } from '../../src/lib/seams.ts'
import type { NetworkFault } from './network.ts'

/** How much of everything goes wrong in one run. */
export interface Weather {
  readonly engines: FaultRates
  readonly network: Readonly<Record<NetworkFault, number>>
  /** How often, at each operation, a server process crashes, freezes or is stopped, and a clock jumps. */
  readonly processes: number
  readonly clocks: number
}

const network: Readonly<Record<NetworkFault, number>> = {
  'net.refused': 0.02,
  'net.cut': 0.006,
  'net.stall': 0.003,
  'net.split': 0.02,
  'net.late': 0.15,
}

/** Whole servers make many more calls than a worker alone. */
const engines: FaultRates = {
  ...troubled,
  crash: 0.000_3,
  failpoint: 0.001,
  'answer.late': 0.004,
  'log.short_poll': 0.05,
  // What a cache has missed shows only for as long as it is not forgotten.
  'cache.down': 0.05,
  'cache.evicted': 0.01,
  'cache.wiped': 0.001,
}

/** None of it, some of it, or a lot: what is rare in the mean of all runs is common in one of them. */
const strengths = [0, 0.3, 1, 1, 3]

/** Each run has a weather of its own: some faults stay away, so that others get somewhere. */
export function weatherOf(random: Random): Weather {
  const strength = () => strengths[Math.floor(random.next() * strengths.length)] as number
  const vary = <Rates extends object>(rates: Rates): Rates => {
    const varied = Object.entries(rates).map(([name, rate]) => [name, Math.min(0.9, rate * strength())])
    return Object.fromEntries(varied) as Rates
  }
  return { engines: vary(engines), network: vary(network), processes: 0.012 * strength(), clocks: 0.003 * strength() }
}
