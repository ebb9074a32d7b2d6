import type { UnitCosts } from './costs.ts'
import type { PlanInputs } from './inputs.ts'
import type { Load } from './load.ts'
import { type Shape, type Sized, size } from './size.ts'

/** A process of Node: one thread for the work, half a core more for garbage, TLS and the kernel's part. */
const processShape: Omit<Shape, 'memoryGiB'> = { cores: 1.5, workingCores: 1, diskTB: 0 }
const us = 1e-6
const MB = 1e6
/** A page of 20 groups, a frame with one, a group's row with its newest actors. */
export const pageBytes = 15_000
const frameBytes = 900
export const rowBytes = 800

/** CPU-seconds a second of each role. */
export const apiCpu = ({ eventsPerS }: PlanInputs, { pagesPerS, marksPerS }: Load, costs: UnitCosts): number =>
  (eventsPerS * costs['api.eventUs'].value +
    pagesPerS * costs['api.pageUs'].value +
    marksPerS * costs['api.markUs'].value) *
  us

export const gatewayCpu = ({ sockets }: PlanInputs, { pushesPerS, reconnectsPerS }: Load, costs: UnitCosts): number =>
  (pushesPerS * costs['socket.pushUs'].value +
    reconnectsPerS * costs['socket.connectUs'].value +
    sockets * costs['socket.idleUsPerS'].value) *
  us

export const workerCpu = ({ eventsPerS }: PlanInputs, { marksPerS, flushesPerS }: Load, costs: UnitCosts): number =>
  ((eventsPerS + marksPerS) * costs['worker.eventUs'].value + flushesPerS * costs['worker.flushUs'].value) * us

export function sizeApi(inputs: PlanInputs, load: Load, costs: UnitCosts): Sized {
  const { eventsPerS, jsonBytes, eventBytes } = inputs
  const cpu = apiCpu(inputs, load, costs)
  const networkMBps = (eventsPerS * (jsonBytes + eventBytes) + 2 * load.pagesPerS * pageBytes) / MB
  return size('api', { ...processShape, memoryGiB: 1 }, { cpu, atLeast: {}, networkMBps }, inputs)
}

export function sizeGateway(inputs: PlanInputs, load: Load, costs: UnitCosts): Sized {
  const { sockets, socketsPerGateway, zones } = inputs
  const cpu = gatewayCpu(inputs, load, costs)
  // Whoever is cut off by the loss of a zone comes back to the others.
  const perGateway = zones > 1 ? (socketsPerGateway * (zones - 1)) / zones : socketsPerGateway
  const bytes = socketsPerGateway * (costs['socket.bytes'].value + costs['socket.kernelBytes'].value)
  // Queues of slow readers and the program itself.
  const memoryGiB = Math.ceil(2 * (bytes / 2 ** 30) + 1) / 2 + 0.5
  const networkMBps = (2 * load.pushesPerS * frameBytes) / MB
  const atLeast = { sockets: sockets / perGateway }
  return size('gateway', { ...processShape, memoryGiB }, { cpu, atLeast, networkMBps }, inputs, [
    `${Math.round(perGateway).toLocaleString('en')} sockets each, ${socketsPerGateway.toLocaleString('en')} with a zone lost: raise the limit of open files above that`,
  ])
}

export function sizeWorker(inputs: PlanInputs, load: Load, costs: UnitCosts): Sized {
  const { eventsPerS, eventBytes } = inputs
  const cpu = workerCpu(inputs, load, costs)
  const networkMBps = (eventsPerS * eventBytes + load.flushesPerS * rowBytes) / MB
  return size('worker', { ...processShape, memoryGiB: 2 }, { cpu, atLeast: {}, networkMBps }, inputs)
}
