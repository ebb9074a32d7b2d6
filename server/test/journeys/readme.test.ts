// The lines that README.md shows are run as they stand, against a server as `npm start` starts it.
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1] as string)

const folder = mkdtempSync(join(tmpdir(), 'headwater-readme-'))
const server = spawn(process.execPath, [join(root, 'server/src/main.ts'), 'start'], {
  cwd: folder,
  env: { PATH: process.env.PATH, PORT: '0', HEADWATER_DATA: join(folder, 'data'), HEADWATER_LOG__LEVEL: 'warn' },
  stdio: ['ignore', 'pipe', 'inherit'],
})
let banner = ''
server.stdout.setEncoding('utf8').on('data', (text) => {
  banner += text
})
const found = (pattern: RegExp): string => pattern.exec(banner)?.[1] ?? assert.fail(banner)

before(async () => {
  const ended = once(server, 'close')
  while (!/listening on/.test(banner)) {
    await Promise.race([once(server.stdout, 'data'), ended])
    assert.equal(server.exitCode, null, 'the server ended before it listened')
  }
})
after(async () => {
  server.kill('SIGTERM')
  await once(server, 'close')
  rmSync(folder, { recursive: true, force: true })
})

// A Windows machine may not have a shell that reads these lines; CI has one, or fails.
const canRunThem = process.env.CI !== undefined || spawnSync('sh', ['-c', 'curl --version']).status === 0
if (canRunThem) test('the lines of curl', runTheLinesOfCurl)
else console.log('! The lines of curl in README.md were not run: there is no sh with curl here.')

function runTheLinesOfCurl(): void {
  const shown = blocks('sh').find((block) => block.includes('curl')) ?? assert.fail('no block with curl')
  const script = shown
    .replace('dev_…', found(/API key +(\S+)/))
    .replace('http://127.0.0.1:7070', found(/listening on (http:\S+)/))
    .replaceAll('curl ', 'curl -sS --fail-with-body --max-time 30 ')
    .replace('-N ', '-N --max-time 3 ')
    .replace('npx headwater', `"$NODE" "${join(root, 'server/src/main.ts')}"`)
  const env = { PATH: process.env.PATH, NODE: process.execPath, HEADWATER_DATA: join(folder, 'data') }
  // The stream at the end goes on until curl has had enough of it.
  const { stdout, stderr, status } = spawnSync('sh', ['-c', script], { env, encoding: 'utf8' })
  assert.match(stderr, /^curl: \(28\)[^\n]*\n$/)
  assert.equal(status, 28, stderr)
  assert.match(stdout, /"name":"Zoë"[\s\S]*"accepted":1[\s\S]*"updated_unread_count":0[\s\S]*event: hello\n/)
}

/** Ends the program when it has seen what it shows. */
const ending = `
const done = () => activities.getSnapshot().groups[0]?.summary === 'Mia liked your post' && activities.close()
activities.subscribe(done)
done()
`

test('the lines of TypeScript', () => {
  const [shown = assert.fail('no block of TypeScript')] = blocks('ts')
  const script = join(root, 'node_modules/.cache/headwater-readme.mjs')
  const url = found(/listening on (http:\S+)/)
  writeFileSync(script, shown.replace('http://127.0.0.1:7070', url) + ending)
  const env = { PATH: process.env.PATH, HEADWATER_API_KEY: found(/API key +(\S+)/) }
  const output = execFileSync(process.execPath, [script], { env, encoding: 'utf8', timeout: 30_000 })
  assert.match(output, /^\d+ Mia liked your post$/m)
  rmSync(script)
})
