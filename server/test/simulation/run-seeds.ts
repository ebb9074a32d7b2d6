import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { SimulationReport } from './simulation.ts'

/** One run to be made. */
export interface Run {
  readonly seed: number
  readonly operations: number
}

export interface RunOptions {
  readonly threads?: number
  /** Hears of each run as it ends. */
  readonly onReport?: (run: Run, report: SimulationReport) => void
}

/** What a run leaves in the memory of its thread adds up, so a thread is not used for ever. */
const operationsPerThread = 20_000
const made = new WeakMap<Worker, number>()

/** Threads that wait for work: starting one costs as much as some runs. */
const idle: Worker[] = []

/** Makes many runs, as many at a time as there are cores; the reports come in the order of the runs. */
export async function runSeeds(runs: readonly Run[], options: RunOptions = {}): Promise<SimulationReport[]> {
  const threads = Math.min(runs.length, options.threads ?? availableParallelism())
  const reports: SimulationReport[] = []
  let next = 0
  await Promise.all(Array.from({ length: threads }, work))
  return reports

  function work(): Promise<void> {
    const worker = idle.pop() ?? new Worker(new URL('./seed-thread.ts', import.meta.url))
    worker.ref()
    return new Promise((resolve, reject) => {
      let at = -1
      const give = () => {
        at = next++
        const run = runs[at]
        if (!run) rest()
        else if ((made.get(worker) ?? 0) < operationsPerThread) {
          made.set(worker, (made.get(worker) ?? 0) + run.operations)
          worker.postMessage(run)
        } else {
          next--
          retire()
          resolve(work())
        }
      }
      const retire = () => {
        worker.removeAllListeners('message')
        worker.removeAllListeners('error')
        void worker.terminate()
      }
      const rest = () => {
        worker.removeAllListeners('message')
        worker.removeAllListeners('error')
        // One that waits does not keep the process.
        worker.unref()
        idle.push(worker)
        resolve()
      }
      worker.on('message', (report: SimulationReport) => {
        reports[at] = report
        options.onReport?.(runs[at] as Run, report)
        give()
      })
      worker.on('error', (error) =>
        reject(new Error(`seed ${runs[at]?.seed}: ${error instanceof Error ? error.stack : error}`)),
      )
      give()
    })
  }
}

/** What replays a run, and nothing else. */
export const replayCommand = ({ seed, operations }: Run): string =>
  `npm run sim -- --seed ${seed} --operations ${operations}`
