import { setTimeout } from 'node:timers/promises'

/** Long for a machine that has a lot to do; a wait that is past it is a failure, and not a test that hangs. */
const waitMsMax = 30_000

/** Resolves as the promise does, or fails with what never came. */
export async function inTime<T>(what: string, promise: Promise<T>): Promise<T> {
  const over = new AbortController()
  const tooLate = setTimeout(waitMsMax, undefined, { signal: over.signal, ref: false }).then(() => {
    throw new Error(`it never came: ${what}`)
  })
  tooLate.catch(() => {})
  try {
    return await Promise.race([promise, tooLate])
  } finally {
    over.abort()
  }
}

/** Asks until the answer is yes. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + waitMsMax
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`it never came: ${what}`)
    // Nothing tells of it.
    await setTimeout(1)
  }
}
