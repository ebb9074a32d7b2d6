// Removes a set of services once the process that started it is gone: `keeper.ts FOLDER`, with a pipe from that process
// as its input. The pipe ends when the process does, be it by SIGKILL. If it said `keep` before, the set stays.
import { text } from 'node:stream/consumers'
import { endAll, setExists, startedFor } from './processes.ts'
import { readSet } from './set.ts'
import { removeSet } from './start.ts'

const dir = process.argv[2] as string
const word = await text(process.stdin)
if (word !== 'keep' && setExists(dir)) {
  await endAll(() => startedFor(dir), 'SIGTERM', 5000)
  await removeSet(readSet(dir))
}
