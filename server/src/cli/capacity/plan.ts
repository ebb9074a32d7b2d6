import type { UnitCosts } from './costs.ts'
import { type EmbeddedPlan, embeddedPlan } from './embedded.ts'
import { sizeCassandra, sizeKafka, sizePostgres, sizeRedis } from './engines.ts'
import type { PlanInputs } from './inputs.ts'
import { type Load, loadOf } from './load.ts'
import { sizeApi, sizeGateway, sizeWorker } from './roles.ts'
import { type Sized, usableShare } from './size.ts'

export interface CapacityPlan {
  readonly inputs: PlanInputs
  readonly load: Load
  /** One process instead of all that follows. */
  readonly embedded: EmbeddedPlan
  readonly parts: readonly Sized[]
  readonly total: {
    readonly nodes: number
    readonly cores: number
    readonly memoryGiB: number
    readonly diskTB: number
  }
  readonly assumptions: readonly string[]
  readonly warnings: readonly string[]
  readonly unitCosts: UnitCosts
}

/** From what is asked for to nodes. The same inputs and costs give the same plan. docs/internals/capacity.md tells the formulas. */
export function planCapacity(inputs: PlanInputs, costs: UnitCosts): CapacityPlan {
  const load = loadOf(inputs)
  const worker = sizeWorker(inputs, load, costs)
  const parts = [
    sizeApi(inputs, load, costs),
    sizeGateway(inputs, load, costs),
    worker,
    sizeKafka(inputs, load, costs, worker.nodes),
    sizeCassandra(inputs, load, costs),
    sizeRedis(inputs, load, costs),
    sizePostgres(inputs, load, costs),
  ]
  const sum = (of: (part: Sized) => number) => parts.reduce((total, part) => total + of(part), 0)
  return {
    inputs,
    load,
    embedded: embeddedPlan(inputs, load, costs),
    parts,
    total: {
      nodes: sum(({ nodes }) => nodes),
      cores: sum(({ cores }) => cores),
      memoryGiB: sum(({ memoryGiB }) => memoryGiB),
      diskTB: sum(({ diskTB }) => diskTB),
    },
    assumptions: assumptionsOf(inputs, load),
    warnings: warningsOf(inputs, load, costs),
    unitCosts: costs,
  }
}

const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`
const number = (value: number): string => Math.round(value).toLocaleString('en')

function assumptionsOf(inputs: PlanInputs, load: Load): string[] {
  return [
    `the busiest second has ${inputs.peakToMean} × the events of the mean one: ${number(load.meanEventsPerS)} events/s in the mean`,
    `${percent(inputs.viralShare)} of the events join groups that get ${number(inputs.viralEventsPerS)} events/s and are written every ${inputs.flushMs} ms; each other event is a write of its own: ${(load.flushesPerS / Math.max(1, inputs.eventsPerS)).toFixed(3)} writes an event`,
    `a user has ${inputs.groupsPerUser} groups in ${inputs.groupDays} days and opens the list ${inputs.opensPerDay} times a day`,
    `${percent(load.onlineShare)} of those who are told something have a socket`,
    `an event is ${inputs.eventBytes} bytes on the log and ${inputs.jsonBytes} in a request of ${inputs.batch}`,
    `a tenth of the sockets may come back within 30 s`,
    inputs.zones > 1
      ? `${inputs.zones} zones in equal parts: ${percent(usableShare(inputs))} of the CPU in use, so that the others can take over a lost zone`
      : `one zone, one node more than needed of each part; ${percent(inputs.utilisation)} of the CPU in use`,
  ]
}

function warningsOf(inputs: PlanInputs, load: Load, costs: UnitCosts): string[] {
  const estimated = Object.values(costs).filter(({ basis }) => basis === 'estimated').length
  const eventsADay = (load.meanEventsPerS * 86_400) / Math.max(1, inputs.dau)
  return [
    `${estimated} of ${Object.keys(costs).length} unit costs are estimated, not measured on a cluster: plan a trial before you buy`,
    ...(inputs.zones > 1 && inputs.replication < inputs.zones
      ? [`${inputs.replication} copies in ${inputs.zones} zones: the loss of one can take data with it`]
      : []),
    ...(inputs.sockets > inputs.dau ? ['more sockets than users of a day'] : []),
    ...(inputs.dau > 0 && eventsADay > 1_000
      ? [`${number(eventsADay)} events a day for each user: is the rate meant for more users?`]
      : []),
  ]
}
