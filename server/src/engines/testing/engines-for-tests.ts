import { type VirtualSeams, virtualSeams } from '../../lib/virtual-seams.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Ports } from '../../ports/ports.ts'
import { openMemory } from '../memory/open.ts'
import { createMemoryStorage } from '../memory/storage.ts'

export interface EngineOptions {
  readonly now?: number
  readonly seed?: number
  readonly partitions: number
  readonly maxLag: number
}

/** What a server of `startHeadwater` stands on, and its clock. */
export interface EnginesForTests extends AsyncDisposable {
  readonly seams: VirtualSeams
  readonly ports: Ports
  /** Resolves when the server's worker has its share of the log. */
  ready(): Promise<void>
  /** Resolves when everything accepted so far is folded by `worker`, stored and told. */
  settle(worker: { settle(): Promise<void> }): Promise<void>
}

export type OpenEngines = (options: EngineOptions) => Promise<EnginesForTests>

/** With what the worker appends itself, such as the deletion of a group that came too late. */
export async function settleToEnd(worker: { settle(): Promise<void> }, log: EventLog): Promise<void> {
  do await worker.settle()
  while (!(await allCommitted(log)))
}

export async function allCommitted(log: EventLog): Promise<boolean> {
  const all = await Promise.all(Array.from({ length: log.info.partitions }, (_, partition) => log.bounds(partition)))
  return all.every(({ start, end, committed }) => Math.max(start, committed) >= end)
}

let open: OpenEngines = openInMemory

export const openEnginesForTests: OpenEngines = (options) => open(options)

/** Has the servers of this process that are started from now on stand on other engines than those in memory. */
export function useEngines(others: OpenEngines): void {
  open = others
}

/** Whether a step costs next to nothing: on real services a run of thousands takes minutes. */
export const isInMemory = (): boolean => open === openInMemory

async function openInMemory({ partitions, maxLag, ...start }: EngineOptions): Promise<EnginesForTests> {
  const seams = virtualSeams(start)
  const ports: Ports = {
    ...openMemory(createMemoryStorage({ partitions }), seams, { maxLag }),
    soleWriter: true,
  }
  return {
    seams,
    ports,
    async ready() {},
    settle: (worker) => settleToEnd(worker, ports.log),
    [Symbol.asyncDispose]: () => ports.log[Symbol.asyncDispose](),
  }
}
