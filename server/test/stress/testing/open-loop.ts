import { pause } from './eventually.ts'

export interface OpenLoop {
  readonly perSecond: number
  readonly ms: number
  /** The status of the answer. */
  readonly send: () => Promise<number>
}

export interface OpenLoopResult {
  readonly sent: number
  /** Requests that were due while as many were under way as a machine has connections for. */
  readonly held: number
  readonly ms: number
  /** How long those took that were accepted, and the others. */
  readonly okMs: readonly number[]
  readonly refusedMs: readonly number[]
}

const underWayMax = 2_000
const tickMs = 5

/** Sends at a pace that does not care whether answers come, as many independent callers do. */
export async function openLoop({ perSecond, ms, send }: OpenLoop): Promise<OpenLoopResult> {
  const okMs: number[] = []
  const refusedMs: number[] = []
  const underWay = new Set<Promise<void>>()
  const started = performance.now()
  let due = 0
  let sent = 0
  let held = 0
  const one = async () => {
    const at = performance.now()
    const status = await send()
    const times = status === 202 ? okMs : refusedMs
    times.push(performance.now() - at)
  }
  for (let now = started; now < started + ms; now = performance.now()) {
    for (; due < ((now - started) * perSecond) / 1_000; due++) {
      if (underWay.size >= underWayMax) {
        held++
        continue
      }
      sent++
      const request = one().finally(() => underWay.delete(request))
      underWay.add(request)
    }
    await pause(tickMs)
  }
  await Promise.all(underWay)
  return { sent, held, ms: performance.now() - started, okMs, refusedMs }
}
