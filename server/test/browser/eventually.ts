import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'

const deadlineMs = 15_000
const everyMs = 40

/** Looks until `probe` gives what is expected; what it gave last is in the failure when the time is up. */
export async function eventually<T>(what: string, probe: () => Promise<T>, expected: T): Promise<void> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const found = await probe()
    try {
      assert.deepEqual(found, expected, what)
      return
    } catch (error) {
      if (performance.now() > end) throw error
    }
    await pause(everyMs)
  }
}
