import type { PlanInputs } from './inputs.ts'

/** One kind of node: what it has, and how much of that a plan may use. */
export interface Shape {
  readonly cores: number
  readonly memoryGiB: number
  readonly diskTB: number
  /** Cores that do the counted work: one in a process with one thread for it. */
  readonly workingCores: number
}

/** What a part has to do in the busiest second, over all its nodes. */
export interface Demand {
  /** CPU-seconds a second. */
  readonly cpu: number
  /** Nodes that something other than CPU asks for, by what it is. */
  readonly atLeast: Readonly<Record<string, number>>
  readonly networkMBps: number
  readonly memoryGiB?: number
  readonly diskTB?: number
}

export interface Sized {
  readonly name: string
  readonly nodes: number
  readonly limitedBy: string
  readonly shape: Shape
  readonly cores: number
  readonly memoryGiB: number
  readonly diskTB: number
  readonly networkMBps: number
  /** Share of the working cores in use with all zones up, and with one of them lost. */
  readonly utilisation: number
  readonly utilisationZoneLost: number
  readonly notes: readonly string[]
}

/** What is left of a CPU once a zone is lost: queues grow without bound past it. */
const zoneLostMax = 0.9

/** The share of its CPU that a node may use so that the other zones can take over a lost one. */
export function usableShare({ utilisation, zones }: Pick<PlanInputs, 'utilisation' | 'zones'>): number {
  return zones > 1 ? Math.min(utilisation, (zoneLostMax * (zones - 1)) / zones) : utilisation
}

/**
 * Nodes for a demand: what CPU asks for, or the rest if that is more, in equal parts over the zones. With one zone one
 * more than needed, since a node can be lost there too.
 */
export function size(
  name: string,
  shape: Shape,
  demand: Demand,
  inputs: Pick<PlanInputs, 'utilisation' | 'zones'>,
  notes: readonly string[] = [],
): Sized {
  const { zones } = inputs
  const byCpu = demand.cpu / (shape.workingCores * usableShare(inputs))
  const wants = Object.entries({ CPU: byCpu, ...demand.atLeast }).sort(([, a], [, b]) => b - a)
  const [limitedBy, wanted] = wants[0] as [string, number]
  const needed = Math.max(1, ceil(wanted))
  const nodes = zones > 1 ? zones * ceil(needed / zones) : needed + 1
  const utilisation = demand.cpu / (nodes * shape.workingCores)
  const left = zones > 1 ? nodes - nodes / zones : nodes - 1
  return {
    name,
    nodes,
    limitedBy: wanted < 1 ? 'one a zone' : limitedBy,
    shape,
    cores: nodes * shape.cores,
    memoryGiB: demand.memoryGiB ?? nodes * shape.memoryGiB,
    diskTB: demand.diskTB ?? nodes * shape.diskTB,
    networkMBps: demand.networkMBps,
    utilisation,
    utilisationZoneLost: demand.cpu / (left * shape.workingCores),
    notes,
  }
}

/** Upwards, but not for what floating point adds to a whole number. */
export const ceil = (value: number): number => Math.ceil(value - 1e-9)
