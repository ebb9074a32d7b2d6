import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Starts one piece of work at each scheduled time, whether or not earlier ones are done, and measures from the scheduled
 * time: a server that stalls is charged for everyone who would have waited (no coordinated omission). Resolves when all
 * are done. In between it sleeps, a millisecond at a time: who waited for the next time in a loop would take a core from the
 * server, and what starts late is counted from when it was due all the same.
 */
export async function openLoop(
  perS: number,
  seconds: number,
  start: (i: number) => Promise<unknown>,
): Promise<{ readonly latenciesMs: Float64Array; readonly failed: number }> {
  const total = Math.round(perS * seconds)
  const latenciesMs = new Float64Array(total)
  const begun = performance.now() + 20
  const open = new Set<Promise<void>>()
  let failed = 0
  for (let i = 0; i < total; ) {
    const now = performance.now()
    for (; i < total && begun + (i * 1_000) / perS <= now; i++) {
      const at = i
      const due = begun + (i * 1_000) / perS
      const one = start(i)
        .catch(() => {
          failed++
        })
        .then(() => {
          latenciesMs[at] = performance.now() - due
          open.delete(one)
        })
      open.add(one)
    }
    await sleep(1)
  }
  await Promise.all(open)
  return { latenciesMs, failed }
}
