import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'

/** A server that tells of its signals and drains until SIGTERM; what it holds a connection to sees it end. */
const server = `
import { connect } from 'node:net'
connect(Number(process.env.TEST_PORT), '127.0.0.1')
for (const name of ['SIGINT', 'SIGTERM']) {
  process.on(name, () => {
    console.error(name)
    if (name === 'SIGTERM') process.exit(0)
  })
}
console.log('is listening on http://localhost:1')
`

const parent = `
const { ServerProcess } = await import(${JSON.stringify(new URL('server-process.ts', import.meta.url))})
const server = new ServerProcess({
  main: process.argv[2],
  // Those of this program would start it again.
  nodeFlags: [],
  name: 'worker-1',
  roles: ['worker'],
  settings: [],
  environment: process.env,
  cwd: process.cwd(),
  ownGroup: true,
  onLine: console.log,
})
process.on('SIGINT', async () => {
  await new Promise((resolve) => setTimeout(resolve, 300))
  await server[Symbol.asyncDispose]()
  process.exit(0)
})
process.on('SIGUSR2', () => process.exit(130))
await server.listening
console.log(server.pid)
`

const skip = process.platform === 'win32' && 'there are no process groups'

test('Ctrl-C reaches a server as the one SIGTERM of the program that started it', { skip }, async () => {
  using family = new Family()
  await family.started()
  process.kill(-(family.parent.pid as number), 'SIGINT')
  await once(family.parent, 'close', { signal: AbortSignal.timeout(10_000) })
  assert.deepEqual(family.lines, ['SIGTERM'])
})

test('a server ends with the program that started it', { skip }, async () => {
  using family = new Family()
  await family.started()
  const connection = await family.connection
  family.parent.kill('SIGUSR2')
  await once(connection, 'close', { signal: AbortSignal.timeout(10_000) })
})

/** A program and the server that it starts, in a group as those of a terminal. */
class Family implements Disposable {
  readonly lines: string[] = []
  readonly #folder = mkdtempSync(join(tmpdir(), 'headwater-processes-'))
  #parent: ChildProcess | undefined
  readonly #watch = createServer()
  readonly connection = once(this.#watch, 'connection').then(([socket]) => (socket as Socket).resume())
  #server: number | undefined

  get parent(): ChildProcess {
    return this.#parent as ChildProcess
  }

  async started(): Promise<void> {
    await once(this.#watch.listen(0, '127.0.0.1'), 'listening')
    const main = join(this.#folder, 'server.mjs')
    const program = join(this.#folder, 'parent.mjs')
    writeFileSync(main, server)
    writeFileSync(program, parent)
    this.#parent = spawn(process.execPath, [program, main], {
      detached: true,
      env: { ...process.env, TEST_PORT: String((this.#watch.address() as AddressInfo).port) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const output = createInterface({ input: this.parent.stdout as NonNullable<ChildProcess['stdout']> })
    const [line] = await once(output, 'line', { signal: AbortSignal.timeout(10_000) })
    output.on('line', (next) => this.lines.push(next))
    this.#server = Number(line)
  }

  [Symbol.dispose](): void {
    for (const pid of [this.#parent?.pid && -this.#parent.pid, this.#server]) {
      try {
        if (pid !== undefined) process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended.
      }
    }
    this.#watch.close()
    rmSync(this.#folder, { recursive: true })
  }
}
