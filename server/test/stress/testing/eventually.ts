/** Slow machines are given time; what never comes true fails with what it was. */
const deadlineMs = 60_000
const lookEveryMs = 20

/** Resolves as soon as something holds; rejects with `what`, and how things stand, when it does not in time. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { withinMs = deadlineMs, standing = () => '' }: { withinMs?: number; standing?: () => unknown } = {},
): Promise<void> {
  const until = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`${what} did not come true in ${withinMs} ms; ${standing()}`)
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
  }
}

/** The pace of a load, never a way to wait for something. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
