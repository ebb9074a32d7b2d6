/** So many calls are compiled at the latest. */
const calls = 2_000

/**
 * With each `process.nextTick` Node makes an object whose names are computed. V8 compiles that to little more than an
 * allocation as long as such objects have looked the same; but a collection of garbage makes it forget how they looked, and
 * once it does so before the function is compiled every call takes ten times as long, for the life of the process. An
 * answer over HTTP takes several. So they are compiled before a server has made any garbage.
 */
export function compileTicks(): Promise<void> {
  return new Promise((resolve) => {
    let left = calls
    const tick = (): void => {
      if (--left === 0) resolve()
      else process.nextTick(tick)
    }
    tick()
  })
}
