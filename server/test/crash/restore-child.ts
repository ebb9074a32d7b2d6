import { restore } from '../../src/backup.ts'
import { settingsWith } from '../../src/config/load.ts'
import { restoreEnvironment } from './child-contract.ts'

/** Restores a backup, and kills itself where its parent asked for: when the n-th step is told. */
const dieAt = Number(process.env[restoreEnvironment.step] ?? 0)
let steps = 0

function count(): void {
  if (++steps !== dieAt) return
  process.kill(process.pid, 'SIGKILL')
  // Not one step further.
  for (;;);
}

const settings = settingsWith({ 'data.dir': process.env[restoreEnvironment.folder] ?? '' })
await restore(settings, process.env[restoreEnvironment.backup] ?? '', count)
