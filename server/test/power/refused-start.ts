import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** What `headwater <command>` on a data directory ends with. A server that starts is stopped. */
export async function ranOn(
  folder: string,
  command: string,
): Promise<{ readonly code: number | null; readonly said: string }> {
  const child = spawn(process.execPath, [main, command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HEADWATER_DATA: folder,
      PORT: '0',
      HEADWATER_LOG__PARTITIONS: '2',
      NODE_COMPILE_CACHE: join(tmpdir(), 'headwater-power-compiled'),
    },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('listening on http')) child.kill('SIGTERM')
    })
  }
  const [code] = await once(child, 'close')
  return { code, said }
}

/** The program says why it does not start, in one line of words, and leaves every byte as it was. */
export async function assertRefusedUntouched(folder: string, reason: RegExp): Promise<void> {
  const before = digests(folder)
  const { code, said } = await ranOn(folder, 'start')
  assert.ok(code === 1 || code === 2, `${code}: ${said}`)
  const lines = said.trim().split('\n')
  assert.match(lines.at(-1) ?? '', reason)
  assert.doesNotMatch(said, /^\s+at /m, 'no stack')
  assert.deepEqual(digests(folder), before, 'every byte is as it was')
}

/** Of what holds data. An empty write-ahead log says what none says. */
function digests(folder: string): Readonly<Record<string, string>> {
  if (!existsSync(folder)) return {}
  const holding = readdirSync(folder).filter((name) => /\.db(-wal)?$/.test(name))
  const contents = holding.map((name) => [name, readFileSync(join(folder, name))] as const)
  return Object.fromEntries(
    contents
      .filter(([name, bytes]) => bytes.length > 0 || !name.endsWith('-wal'))
      .map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]),
  )
}
