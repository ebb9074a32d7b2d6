// The client as another project gets it: packed, installed from the tarball without a network, run by plain `node` and
// checked by that project's own compiler.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, sep } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startHeadwater } from '../../src/testing.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const project = mkdtempSync(join(tmpdir(), 'headwater-client-user-'))
after(() => rmSync(project, { recursive: true, force: true }))

before(() => {
  const tarball = run(process.execPath, [join(root, 'scripts/pack-client.mjs'), project]).trim()
  writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
  const args = ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball]
  const npm = process.env.npm_execpath
  if (npm?.endsWith('.js')) run(process.execPath, [npm, ...args])
  else run('npm', args, process.platform === 'win32')
})

test('the tarball needs nothing else, and holds no TypeScript source and no test', () => {
  const manifest = JSON.parse(installed('package.json'))
  assert.equal(manifest.dependencies, undefined)
  assert.doesNotMatch(JSON.stringify(manifest), /\.ts"(?<!\.d\.ts")/)
  assert.ok(existsSync(join(project, 'node_modules/@headwater/client/README.md')))
  assert.ok(!existsSync(join(project, 'node_modules/@headwater/protocol')))
  assert.ok(!existsSync(join(project, 'node_modules/@headwater/client/dist/testing')))
  for (const file of ['index.js', 'index.d.ts', 'client.js', 'activities.d.ts'])
    assert.doesNotMatch(installed(`dist/${file}`), /@headwater\/protocol|from '[^']+\.ts'/)
})

const program = `
import { createClient, HeadwaterError } from '@headwater/client'

const client = createClient({ url: process.env.URL, apiKey: process.env.KEY, userId: 'carol' })
const { activities } = client
const until = (condition) => new Promise((resolve) => {
  const look = () => condition(activities.getSnapshot()) && resolve()
  activities.subscribe(look)
  look()
})
await client.users.put('mia', { name: 'Mia' })
await activities.connect()
await until(({ connection }) => connection === 'online')
await client.events.send({
  event_type: 'LIKE', actor_id: 'mia', target_user_id: 'carol', object_type: 'POST', object_id: 'p1' })
console.log('sent')
await until(({ groups }) => groups.length > 0)
console.log(activities.getSnapshot().groups[0].summary)
await activities.markAllRead()
console.log(activities.getSnapshot().unreadCount)
await client.request('GET', '/v1/nowhere').catch((error) => console.log(HeadwaterError.is(error) && error.code))
client.close()
`

for (const node of nodes()) {
  test(`it runs on Node ${node.version}, live, and lets the process end`, async () => {
    await using server = await startHeadwater()
    writeFileSync(join(project, 'program.js'), program)
    const child = spawn(node.path, ['program.js'], {
      cwd: project,
      env: { PATH: process.env.PATH, URL: server.url, KEY: server.apiKey },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'close')
    const lines: string[] = []
    for await (const line of createInterface(child.stdout)) {
      lines.push(line)
      // The test server's clock stands still: what was sent is told when it is asked to.
      if (line === 'sent') await server.settle()
    }
    assert.deepEqual(lines, ['sent', 'Mia liked your post', '0', 'route_not_found'])
    assert.equal((await ended)[0], 0)
  })
}

const consumer = `
import { type ActivityGroup, createClient, HeadwaterError, type EventInput } from '@headwater/client'

const client = createClient({ url: 'https://headwater.example.com', token: async () => 'a token', deviceId: 'phone' })
const event: EventInput = {
  event_type: 'LIKE', actor_id: 'mia', target_user_id: 'carol', object_type: 'POST', object_id: 'p1' }
export const first = (): ActivityGroup | undefined => client.activities.getSnapshot().groups[0]
export const send = async (): Promise<number> => (await client.events.send(event)).accepted
export const retryable = (error: unknown): boolean => HeadwaterError.is(error) && error.retryable
// @ts-expect-error: the declarations are there, and refuse what is wrong
createClient({ url: 1 })
`

test('its declarations pass the strict compiler of a web page and of a Node program', () => {
  writeFileSync(join(project, 'consumer.ts'), consumer)
  const strict = {
    noEmit: true,
    strict: true,
    skipLibCheck: false,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    isolatedModules: true,
    target: 'es2022',
  }
  const typeRoots = [join(root, 'node_modules/@types')]
  for (const own of [
    { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022', 'dom'], types: [] },
    { module: 'nodenext', lib: ['es2022'], typeRoots, types: ['node'] },
  ]) {
    const config = { compilerOptions: { ...strict, ...own }, files: ['consumer.ts'] }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config))
    run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project])
  }
})

/** The Node of this process; and the one that the machine has, if it is another one and new enough. */
function nodes(): { path: string; version: string }[] {
  const found = [{ path: process.execPath, version: process.versions.node }]
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes(`node_modules${sep}`))
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file))
  if (path === undefined || realpathSync(path) === realpathSync(process.execPath)) return found
  const version = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim().slice(1)
  return Number(version.split('.')[0]) >= 20 ? [...found, { path, version }] : found
}

function installed(file: string): string {
  return readFileSync(join(project, 'node_modules/@headwater/client', file), 'utf8')
}

/** Gives what the command wrote; its failure tells what it said. */
function run(command: string, args: readonly string[], shell = false): string {
  try {
    return execFileSync(command, args, { cwd: project, encoding: 'utf8', shell, stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    return assert.fail(`${command} ${args.join(' ')}\n${stdout}${stderr}`)
  }
}
