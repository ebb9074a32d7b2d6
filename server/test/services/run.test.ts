// `npm run services` with Redis alone, which starts in a blink: nothing of it is left behind, however it goes.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { controlServices } from '../../../scripts/services/control.ts'
import { readAddresses } from '../../../scripts/services/set.ts'
import { whereServicesRun } from '../../src/engines/services-for-tests.ts'

const command = fileURLToPath(new URL('../../../scripts/services/command.ts', import.meta.url))

/** A program that says which process it is, starts another one out of its session, and goes on for ever. */
const endless = `
  const { spawn } = require('node:child_process')
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' })
  console.log(JSON.stringify([process.pid, other.pid, process.env.HEADWATER_SERVICES]))
  setInterval(() => {}, 1000)
`

whereServicesRun('npm run services leaves nothing behind', [], () => {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-test-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  function services(...args: string[]): ChildProcess {
    return spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  }

  describe('run', () => {
    for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
      test(`ended by ${signal}`, async () => {
        const run = services('run', '--only', 'redis', '--', process.execPath, '-e', endless)
        const [pid, other, file] = JSON.parse(await firstLine(run)) as [number, number, string]
        const { redis, pids, dir } = readAddresses(file)
        assert.equal(await ping(redis!.port), '+PONG')

        run.kill(signal)
        await until(() => !existsSync(dir), 'the folder is gone')
        for (const left of [pid, other, pids.redis!]) assert.ok(!isAlive(left), `process ${left} is left`)
      })
    }

    test('ends with the exit code of its command, and not before', async () => {
      const run = services('run', '--only', 'redis', '--', 'sh', '-c', 'echo $HEADWATER_SERVICES; exit 7')
      const ended = new Promise((resolve) => run.once('exit', resolve))
      const file = await firstLine(run)
      assert.equal(await ended, 7)
      assert.ok(!existsSync(file))
    })
  })

  test('up leaves them running, kill and start keep the port, down removes them', async () => {
    const file = join(folder, 'services.json')
    assert.equal(await exitOf(services('up', '--only', 'redis', '--file', file, '--dir', folder)), 0)
    const { redis, pids, dir } = readAddresses(file)
    try {
      assert.ok(dir.startsWith(folder))
      assert.equal(await exitOf(services('up', '--only', 'redis', '--file', file)), 0)
      assert.deepEqual(readAddresses(file).pids, pids, 'a second up starts nothing')

      const control = controlServices(file)
      await control.kill('redis')
      assert.ok(!control.isRunning('redis'))
      assert.equal(await exitOf(services('status', '--file', file)), 1)
      await assert.rejects(ping(redis!.port), /ECONNREFUSED/)

      await control.start('redis')
      assert.equal(await ping(redis!.port), '+PONG')
      assert.notEqual(readAddresses(file).pids.redis, pids.redis)
      assert.equal(await exitOf(services('status', '--file', file)), 0)
      await control.kill('redis', 'SIGSTOP')
    } finally {
      // A stopped process is ended as well.
      assert.equal(await exitOf(services('down', '--file', file)), 0)
    }
    assert.ok(!existsSync(dir) && !existsSync(file))
    assert.ok(!isAlive(pids.redis!))
  })
})

test('a wrong option is one line', async () => {
  for (const args of [['up', '--only', 'mysql'], ['up', '--nodes', '2'], ['run'], ['dwon'], ['up', '--nods', '3']]) {
    const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
    let text = ''
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
    })
    assert.equal(await exitOf(child), 1)
    assert.match(text, /^services: [^\n]+\n$/, args.join(' '))
  }
})

async function firstLine(child: ChildProcess): Promise<string> {
  let text = ''
  for await (const piece of child.stdout!.setEncoding('utf8') as AsyncIterable<string>) {
    text += piece
    if (text.includes('\n')) return text.slice(0, text.indexOf('\n'))
  }
  throw new Error(`it ended after ${JSON.stringify(text)}`)
}

function exitOf(child: ChildProcess): Promise<number | null> {
  child.stdout?.resume()
  return new Promise((resolve) => child.once('close', resolve))
}

function ping(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1' }, () => socket.write('PING\r\n'))
    socket.once('error', reject)
    socket.once('data', (data) => {
      socket.destroy()
      resolve(data.toString().trim())
    })
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // One that nobody has waited for yet is dead all the same.
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let waited = 0; !condition(); waited += 50) {
    if (waited > 30_000) throw new Error(`not so after 30 s: ${what}`)
    await sleep(50)
  }
}
