import { flushCompileCache } from 'node:module'
import { settingsWith } from '../../src/config/load.ts'
import { silentLog } from '../../src/lib/log.ts'
import { systemSeams } from '../../src/lib/system-seams.ts'
import { start } from '../../src/server.ts'
import { crashConfig, crashEnvironment } from './child-contract.ts'

/**
 * The real server on a data directory, as a process that kills itself where its parent asked for: at the n-th pass of a
 * failpoint. (Points of the writing thread are in kill-in-writer.ts.) Says "listening on URL" when it is ready.
 */
const folder = process.env[crashEnvironment.folder] ?? ''
const point = process.env[crashEnvironment.point] ?? ''
let passesLeft = Number(process.env[crashEnvironment.pass] ?? 0)

function failpoint(name: string): void {
  if (name !== point || --passesLeft > 0) return
  process.kill(process.pid, 'SIGKILL')
  // Not one step further.
  for (;;);
}

/** Erased users are looked for more often: nobody waits five seconds here. */
const sweepMs = { usual: 5_000, here: 250 }
const { scheduler } = systemSeams
const seams = {
  ...systemSeams,
  failpoint,
  scheduler: {
    ...scheduler,
    every: (ms: number, run: () => void) => scheduler.every(ms === sweepMs.usual ? sweepMs.here : ms, run),
  },
}

const server = await start(crashConfig(settingsWith, folder), { log: silentLog, seams })
// A life that is killed leaves nothing for the next one to start faster with.
flushCompileCache()
process.stdout.write(`listening on ${server.url}\n`)
process.once('SIGTERM', () => {
  void server.close().then(() => process.exit(0))
})
