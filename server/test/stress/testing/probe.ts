import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { ProbeAnswer, ProbeQuestion, Resources } from './probe-contract.ts'

/**
 * Loaded into the server's process before everything else, so that the program under stress is the one that people run.
 * Tells what the process holds, and does to it what only happens from inside: stalls and clocks that jump.
 */
const loop = monitorEventLoopDelay({ resolution: 5 })
const wallClock = Date.now
let jumpedMs = 0
const mistake = 'a mistake that the probe was asked for'

// Threads of the process load this as well, and have no parent to talk to.
if (process.send) {
  loop.enable()
  Date.now = () => wallClock() + jumpedMs
  process.on('message', (question: ProbeQuestion & { readonly id: number }) => {
    const answer: ProbeAnswer = { id: question.id, ...(question.ask === 'resources' && { resources: resources() }) }
    if (question.ask === 'jump') jumpedMs += question.ms
    if (question.ask === 'stall') stall(question.ms)
    process.send?.(answer)
    if (question.ask === 'throw') setImmediate(() => fault())
    if (question.ask === 'reject') setImmediate(() => void Promise.reject(new Error(mistake)))
  })
  process.on('disconnect', () => process.exit(1))
  // Being asked is no reason to go on.
  process.channel?.unref()
}

function resources(): Resources {
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  const loopDelayMs = { p99: loop.percentile(99) / 1e6, max: loop.max / 1e6 }
  loop.reset()
  const handles: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) handles[name] = (handles[name] ?? 0) + 1
  return {
    rssBytes: rss,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    heapBytes: heapUsed,
    handles,
    loopDelayMs,
    cpuMs: (user + system) / 1_000,
  }
}

function fault(): never {
  throw new Error(mistake)
}

function stall(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}
