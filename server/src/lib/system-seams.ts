import { randomFillSync } from 'node:crypto'
import type { Clock, Random, Scheduler, Seams } from './seams.ts'

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}

export const systemScheduler: Scheduler = {
  sleep(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal?.addEventListener('abort', done, { once: true })
    })
  },
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
  every(ms, run) {
    const timer = setInterval(run, ms)
    return { [Symbol.dispose]: () => clearInterval(timer) }
  },
  breathe: () => new Promise((resolve) => setImmediate(resolve)),
}

export const systemRandom: Random = {
  next: () => Math.random(),
  bytes: (length) => randomFillSync(new Uint8Array(length)),
}

export const noFailpoint = (): void => {}

export const systemSeams: Seams = {
  clock: systemClock,
  scheduler: systemScheduler,
  random: systemRandom,
  failpoint: noFailpoint,
}
