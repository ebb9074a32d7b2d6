import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemSeams } from '../../lib/system-seams.ts'
import { openSqliteEventLog } from './event-log.ts'
import { openSqlite } from './open.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

const script = fileURLToPath(new URL('./testing/write-until-killed.ts', import.meta.url))

/** Runs a writer, kills it after so many acknowledged appends and gives them: value, seq, time. */
async function writeAndKill(folder: string, user: string, count: number): Promise<number[][]> {
  const child = spawn(process.execPath, [script, folder, user], { stdio: ['ignore', 'pipe', 'inherit'] })
  const acknowledged: number[][] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (line !== 'open') acknowledged.push(line.split(' ').map(Number))
    if (acknowledged.length === count) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  assert(acknowledged.length >= count)
  return acknowledged
}

test('Everything that was acknowledged is there after the process was killed while it wrote, again and again.', async () => {
  using folder = temporaryFolder()
  const expected = new Map<string, number[][]>()
  for (const [round, count] of [1, 40, 333].entries()) {
    expected.set(`user-${round}`, await writeAndKill(folder.path, `user-${round}`, count))
  }
  await using db = await openSqlite({ folder: folder.path }, systemSeams)
  await using log = await openSqliteEventLog(db, systemSeams)
  assert.deepEqual(db.checkIntegrity(), [])
  for (const [user, acknowledged] of expected) {
    const { records } = await log.read(log.partitionOf(user), 0, 100_000)
    const found = new Map(
      records.flatMap(({ value, seq, appendedAt }) =>
        value.kind === 'mark' && value.user === user ? [[value.upTo, [value.upTo, seq, appendedAt]]] : [],
      ),
    )
    for (const each of acknowledged) assert.deepEqual(found.get(each[0] ?? -1), each)
  }
})
