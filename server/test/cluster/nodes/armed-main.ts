import { systemSeams } from '../../../src/lib/system-seams.ts'
import { arming } from './arming.ts'

/** The program as it is, but for a failpoint at which it kills itself. */
const point = process.env[arming.point] ?? ''
let passesLeft = Number(process.env[arming.pass] ?? 0)

function failpoint(name: string): void {
  if (name !== point || --passesLeft > 0) return
  process.kill(process.pid, 'SIGKILL')
  // Not one step further.
  for (;;);
}

if (point !== '') Object.assign(systemSeams, { failpoint })
await import('../../../src/main.ts')
