// The program as people start it: a process, its output, its signals, its exit codes.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'headwater-start-'))
const running = new Set<ChildProcess>()
after(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

interface Run {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  out: string
  err: string
}

function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Run {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, HEADWATER_DATA: 'data', PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child)
    return code as number | null
  })
  const result: Run = { child, ended, out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    result.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    result.err += text
  })
  return result
}

async function untilReady(server: Run): Promise<string> {
  for (;;) {
    const url = /listening on (http:\/\/\S+)/.exec(server.out)?.[1]
    if (url) return url
    const more = once(server.child.stdout as NonNullable<ChildProcess['stdout']>, 'data')
    const code = await Promise.race([more.then(() => undefined), server.ended])
    assert.equal(code, undefined, `ended before it listened: ${server.err}`)
  }
}

async function done(args: readonly string[], environment?: Readonly<Record<string, string>>) {
  const result = run(args, environment)
  return { code: await result.ended, out: result.out, err: result.err }
}

test('start, use, stop, start again, verify', async () => {
  const server = run(['start'])
  const url = await untilReady(server)
  assert.equal((await fetch(`${url}/healthz`)).status, 200)
  const key = /API key +(\S+) +\(development\)/.exec(server.out)?.[1] as string
  assert.match(server.out, /Carol +http/)

  const event = { event_type: 'LIKE', actor_id: 'mia', target_user_id: 'carol', object_type: 'POST', object_id: 'p1' }
  const posted = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(event),
  })
  assert.equal(posted.status, 202)
  const { event_ids } = (await posted.json()) as { event_ids: [string] }

  const token = await done(['token', 'carol', '--ttl', '60'])
  assert.equal(token.code, 0, token.err)
  const page = await fetch(`${url}/v1/activities`, { headers: { authorization: `Bearer ${token.out.trim()}` } })
  assert.equal(page.status, 200)

  const traced = await done(['trace', event_ids[0]])
  assert.equal(traced.code, 0, traced.err)
  assert.match(traced.out, /^actor_id +mia$/m)

  const second = await done(['start'])
  assert.equal(second.code, 1)
  assert.match(second.err, /another one/)

  server.child.kill('SIGTERM')
  assert.equal(await server.ended, 0, server.err)
  assert.ok(!server.err.includes(key))

  const again = run(['start'])
  await untilReady(again)
  assert.ok(again.out.includes(key), 'the development key is another one after a restart')
  again.child.kill('SIGINT')
  assert.equal(await again.ended, 0, again.err)

  const verified = await done(['verify'])
  assert.equal(verified.code, 0, verified.err)
  assert.match(verified.out, /1 group with 1 actor[\s\S]*Everything agrees\./)
  const replayed = await done(['replay'])
  assert.equal(replayed.code, 0, replayed.err)
})

test('a load is driven and every count checked', async () => {
  const server = run(['start'], { HEADWATER_DATA: 'simulated', HEADWATER_API_KEY: 'a-key-of-ones-own' })
  const url = await untilReady(server)
  assert.ok(!server.out.includes('a-key-of-ones-own'))
  const options = ['--seconds', '2', '--users', '40', '--events-per-s', '200', '--sockets', '3', '--url', url]
  const report = await done(['simulate', ...options], { HEADWATER_API_KEY: 'a-key-of-ones-own' })
  assert.equal(report.code, 0, report.out + report.err)
  assert.match(report.out, /400 sent, 400 accepted, 0 rejected/)
  assert.match(report.out, /Everything agrees\./)
  server.child.kill('SIGTERM')
  assert.equal(await server.ended, 0, server.err)
})

test('an address that others can reach needs secrets of its own', async () => {
  const refused = await done(['start'], { HOST: '0.0.0.0', HEADWATER_DATA: 'open' })
  assert.equal(refused.code, 2)
  assert.match(refused.err, /set HEADWATER_API_KEY[\s\S]*set HEADWATER_TOKEN_SECRET/)
  assert.equal(refused.out, '')
})

test('a port that another program has ends the start at once, and says so', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const refused = await done(['start'], { PORT: String(port), HEADWATER_DATA: 'taken' })
  other.close()
  assert.equal(refused.code, 2)
  assert.match(refused.err, new RegExp(`127\\.0\\.0\\.1:${port}\\): another program listens there`))
})

test('a server that waits for its services ends when it is told to', { timeout: 30_000 }, async () => {
  const nobody = '127.0.0.1:9'
  const server = run(['start'], {
    HEADWATER_ENGINE: 'cluster',
    HEADWATER_KAFKA: nobody,
    HEADWATER_CASSANDRA: nobody,
    HEADWATER_REDIS: `redis://${nobody}`,
    HEADWATER_POSTGRES: `postgres://headwater@${nobody}/headwater`,
  })
  while (!server.err.includes('cannot be opened yet'))
    await once(server.child.stderr as NonNullable<ChildProcess['stderr']>, 'data')
  server.child.kill('SIGTERM')
  assert.equal(await server.ended, 0, server.err)
})

test('who reads only the first lines gets them, and no complaint', async () => {
  const printed = run(['config', 'print'])
  printed.child.stdout?.destroy()
  assert.equal(await printed.ended, 0)
  assert.equal(printed.err, '')
})
