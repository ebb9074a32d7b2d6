import type { UnitCosts } from './costs.ts'
import { memberBytes, recordOverheadBytes } from './engines.ts'
import type { PlanInputs } from './inputs.ts'
import type { Load } from './load.ts'
import { apiCpu, gatewayCpu, rowBytes, workerCpu } from './roles.ts'

/** What one process with everything in it would take, and whether it is enough. */
export interface EmbeddedPlan {
  readonly isEnough: boolean
  /** Cores in use in the busiest second, of the one that does the work. */
  readonly cores: number
  readonly memoryGiB: number
  readonly diskTB: number
}

/** A backup copies all of it, and a damaged file is all of it. */
const diskMaxTB = 0.2
const TB = 1e12
/** The program, its kept pages and what is being folded. */
const processGiB = 1

/**
 * The work of the three roles, on one thread. Their costs hold what a cluster's clients take, which a process on SQLite
 * does for less: what is said to be enough is.
 */
export function embeddedPlan(inputs: PlanInputs, load: Load, costs: UnitCosts): EmbeddedPlan {
  const { sockets, socketsPerGateway, utilisation, eventBytes } = inputs
  const cores = apiCpu(inputs, load, costs) + gatewayCpu(inputs, load, costs) + workerCpu(inputs, load, costs)
  const socketBytes = costs['socket.bytes'].value + costs['socket.kernelBytes'].value
  const kept =
    load.recordsKept * (eventBytes + recordOverheadBytes) + load.groupsKept * rowBytes + load.membersKept * memberBytes
  const diskTB = kept / TB
  return {
    isEnough: cores <= utilisation && sockets <= socketsPerGateway && diskTB <= diskMaxTB,
    cores,
    memoryGiB: processGiB + (2 * sockets * socketBytes) / 2 ** 30,
    diskTB,
  }
}
