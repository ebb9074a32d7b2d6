import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { calibrate } from './calibration.ts'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly node: string
  readonly commit: string
  /** Of the minute before the run: what else this machine was doing. */
  readonly load: number
  readonly jsonParsesPerS: number
  readonly randomReadsPerS: number
  readonly at: string
}

export function describeMachine(): Machine {
  const { jsonParses, randomReads } = calibrate()
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    commit: commitNow(),
    load: Number(loadavg()[0]!.toFixed(2)),
    jsonParsesPerS: Math.round(jsonParses),
    randomReadsPerS: Math.round(randomReads),
    at: new Date().toISOString(),
  }
}

function commitNow(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: import.meta.dirname, encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}
