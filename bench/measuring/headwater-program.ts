// The server as a user starts it, in a process of its own. Arguments: the data directory, then `key=value` settings.
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import { settingsWith } from '../../server/src/config/load.ts'
import { createLog } from '../../server/src/lib/log.ts'
import { start } from '../../server/src/server.ts'
import { serve } from './child.ts'
import { apiKey, tokenSecret } from './headwater.ts'

const [dir, ...settings] = process.argv.slice(2)
const given = Object.fromEntries(
  settings.map((setting) => {
    const at = setting.indexOf('=')
    const value = setting.slice(at + 1)
    return [setting.slice(0, at), /^\d+$/.test(value) ? Number(value) : value]
  }),
)
const config = {
  ...settingsWith({ 'data.dir': dir!, 'http.port': 0, 'http.rateLimits': 'off', 'log.level': 'fatal', ...given }),
  access: { apiKeys: [apiKey], tokenSecrets: [tokenSecret] },
  isDevelopment: false,
}
const started = performance.now()
const server = await start(config, { log: createLog({ level: 'fatal', readable: true }) })
const delay = monitorEventLoopDelay({ resolution: 1 })
let gcMs = 0
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) gcMs += entry.duration
}).observe({ entryTypes: ['gc'] })

serve(
  { url: server.url, readyMs: performance.now() - started, sinceProcessStartMs: performance.now() },
  {
    watchLoop: () => {
      delay.reset()
      delay.enable()
    },
    /** How long the event loop was held since `watchLoop`, milliseconds. */
    loopHeldMs: () => {
      delay.disable()
      return { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 }
    },
    collectGarbage: () => globalThis.gc?.(),
    gcMs: () => gcMs,
    memory: () => process.memoryUsage(),
    exit: () => process.exit(),
    stop: async () => {
      await server.close()
    },
  },
)
