import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { developmentSecrets } from '../config/secrets.ts'
import { parseCall } from './arguments.ts'
import { type Command, UsageError } from './command.ts'
import { allCommands, commands } from './commands.ts'
import { runCommandLine } from './run.ts'

const cwd = mkdtempSync(join(tmpdir(), 'headwater-cli-'))
after(() => rmSync(cwd, { recursive: true, force: true }))

async function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const out: string[] = []
  const err: string[] = []
  const io = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    environment,
    cwd,
    isTerminal: false,
  }
  const code = await runCommandLine(args, io)
  return { code, out: out.join('\n'), err: err.join('\n') }
}

describe('exit codes', () => {
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [[], 2, /Usage: headwater COMMAND/],
    [['--help'], 0, /Usage: headwater COMMAND/],
    [['help'], 0, /Usage: headwater COMMAND/],
    [['help', 'token'], 0, /^Usage: headwater token USER/],
    [['help', 'tokn'], 2, /there is no command tokn; did you mean token\?/],
    [['help', 'help'], 0, /Usage: headwater COMMAND/],
    [['--version'], 0, /^\d+\.\d+\.\d+/],
    [['strat'], 2, /there is no command strat; did you mean start\?/],
    [['__proto__'], 2, /there is no command __proto__/],
    [['token'], 2, /missing USER/],
    [['token', 'a', 'b'], 2, /unexpected "b"/],
    [['token', 'a', '--tll', '3'], 2, /there is no option --tll; did you mean --ttl\?/],
    [['token', 'a', '--ttl'], 2, /--ttl needs a value/],
    [['token', 'a', '--ttl=0'], 2, /--ttl expects a whole number from 1 to 2592000/],
    [['trace', 'x', '--json=1'], 2, /--json takes no value/],
    [['config', 'chekc'], 2, /expected check, print or doc/],
    [['config', 'check', '--http.prot=1'], 2, /http\.prot \(flag --http\.prot\).*did you mean http\.port/],
    [['config', 'check', '--port', '1'], 0, /The configuration is fine/],
    [['config', 'check', '--activity.cataloguesDir=/nope'], 2, /cataloguesDir \(\/nope\).*cannot be read \(ENOENT\)/],
    [['config', 'check', '--data', join(import.meta.filename, 'a')], 2, /data\.dir .*cannot be written \(ENOTDIR\)/],
    [['token', 'a', '--url', 'http://127.0.0.1:9'], 1, /no API key/],
    [['verify', '--data', 'nowhere'], 2, /^headwater verify: there is no database in .+nowhere; --data names/],
    [['replay', '--data', 'nowhere'], 2, /^headwater replay: there is no database in .+nowhere; --data names/],
    [['backup', 'one.backup', '--data', 'nowhere'], 2, /^headwater backup: there is no database in .+nowhere;/],
    [['restore', 'one.backup', '--data', 'not-there'], 1, /^headwater restore: There is no such backup$/],
    [['backup'], 2, /missing FILE\|FOLDER/],
    [['simulate', '--users', '1'], 2, /--users expects a whole number from 2/],
  ]
  for (const [args, code, text] of cases) {
    test(`headwater ${args.join(' ')} → ${code}`, async () => {
      const result = await run(args)
      assert.equal(result.code, code, result.err)
      assert.match(result.out + result.err, text)
    })
  }

  test('who only looks makes nothing', async () => {
    for (const args of [
      ['verify'],
      ['replay'],
      ['backup', 'one.backup'],
      ['token', 'a'],
      ['trace', 'x'],
      ['config', 'check'],
    ])
      await run([...args, '--data', 'not-made'])
    await run(['parked', 'list', '--data', 'not-made'])
    assert.equal(existsSync(join(cwd, 'not-made')), false)
  })

  test('a backup is of an embedded server: a data directory of before is not what a cluster has', async () => {
    const cluster = {
      HEADWATER_ENGINE: 'cluster',
      HEADWATER_KAFKA: 'kafka:9092',
      HEADWATER_CASSANDRA: 'cassandra:9042',
      HEADWATER_REDIS: 'redis://redis',
      HEADWATER_POSTGRES: 'postgres://postgres/headwater',
    }
    for (const command of ['backup', 'restore']) {
      const { code, err } = await run([command, 'one.backup'], cluster)
      assert.equal(code, 1)
      assert.match(err, /^headwater (backup|restore): a cluster has its data in Cassandra and PostgreSQL/)
    }
  })

  test('a server that does not answer is a failure, told without a stack', async () => {
    const result = await run(['trace', 'x', '--url', 'http://127.0.0.1:1'], { HEADWATER_API_KEY: 'k' })
    assert.equal(result.code, 1)
    assert.match(
      result.err,
      /^headwater trace: no answer from http:\/\/127\.0\.0\.1:1 \(.+\); is the server running\?$/,
    )
  })
})

test('another program at the address is told of without a stack', async () => {
  const other = createServer((_, reply) => reply.end('<html>')).listen(0, '127.0.0.1')
  await once(other, 'listening')
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
  const result = await run(['trace', 'x', '--url', url], { HEADWATER_API_KEY: 'k' })
  other.close()
  assert.deepEqual(result, { code: 1, out: '', err: `headwater trace: what answers at ${url} is no Headwater` })
})

describe('arguments', () => {
  const command = {
    name: 'x',
    arguments: 'A',
    options: { size: { value: 'N', doc: '' }, all: { doc: '' } },
  } as unknown as Command
  test('are split into positionals, options and settings, in any order', () => {
    assert.deepEqual(
      parseCall(command, [
        '--all',
        '--http.port',
        '1',
        'a',
        '--size=3',
        '--port=2',
        '--activity.rules.LIKE.windowMs=5',
      ]),
      {
        arguments: ['a'],
        options: { all: true, size: '3' },
        settings: [
          ['http.port', '1'],
          ['port', '2'],
          ['activity.rules.LIKE.windowMs', '5'],
        ],
      },
    )
  })
  test('behind -- are positional', () => {
    assert.deepEqual(parseCall(command, ['--', '--all']).arguments, ['--all'])
  })
  test('asking for help needs nothing else', () => {
    assert.equal(parseCall(command, ['-h']).options.help, true)
  })
  test('a setting without a value is wrong', () => {
    assert.throws(() => parseCall(command, ['a', '--http.port']), UsageError)
  })
})

describe('config print', () => {
  const environment = { HEADWATER_API_KEY: 'planted-key', HEADWATER_TOKEN_SECRET: 'planted-secret' }
  test('shows values and where they came from, and no secret', async () => {
    writeFileSync(join(cwd, 'headwater.json'), '{"log": {"partitions": 8}}')
    const { out } = await run(['config', 'print', '--port', '81'], environment)
    assert.match(out, /^http\.port +81 +flag --port$/m)
    assert.match(out, /^log\.partitions +8 +headwater\.json$/m)
    assert.match(out, /^auth\.apiKey +"\[masked\]" +environment variable HEADWATER_API_KEY$/m)
    assert.match(out, /^activity\.flushMs +250 +default$/m)
    assert.doesNotMatch(out, /planted/)
  })
  const secrets = {
    ...environment,
    HEADWATER_REDIS: 'redis://user:planted@host',
    HEADWATER_POSTGRES: 'postgres://user:planted@host/database',
    HEADWATER_KAFKA__PASSWORD: 'planted',
    HEADWATER_CASSANDRA__PASSWORD: 'planted',
  }
  test('shows no password, as a table or as JSON', async () => {
    for (const form of [[], ['--json']]) {
      const { out } = await run(['config', 'print', ...form], secrets)
      assert.doesNotMatch(out, /planted/)
      assert.equal(out.match(/"\[masked\]"/g)?.length, 6)
    }
    const { out } = await run(['config', 'print', '--secrets'], secrets)
    assert.match(out, /^redis\.url +"redis:\/\/user:planted@host" /m)
  })
  test('as JSON it is a configuration file, when secrets are in it or there are none', async () => {
    for (const [given, options] of [
      [{}, []],
      [secrets, ['--secrets']],
    ] as const) {
      const { out } = await run(['config', 'print', '--json', ...options], given)
      writeFileSync(join(cwd, 'printed.json'), out)
      const again = await run(['config', 'print', '--json', '--config', 'printed.json', ...options])
      assert.deepEqual(JSON.parse(again.out), JSON.parse(out))
    }
  })
  test('what is masked is not taken for a secret', async () => {
    writeFileSync(join(cwd, 'printed.json'), (await run(['config', 'print', '--json'], environment)).out)
    const { code, err } = await run(['config', 'check', '--config', 'printed.json'])
    assert.equal(code, 2)
    assert.match(err, /auth\.apiKey \(printed\.json\).*is masked; headwater config print --secrets/)
  })
})

test('every command has a help page that names its options', async () => {
  for (const command of await allCommands()) {
    const { code, out } = await run([command.name, '--help'])
    assert.equal(code, 0)
    for (const option of Object.keys(command.options))
      assert.ok(out.includes(`--${option}`), `${command.name} --${option}`)
    assert.match(command.summary, /^[A-Z].*\.$/)
  }
  assert.deepEqual(
    (await allCommands()).map(({ name }) => name),
    Object.keys(commands),
  )
})

test('the development key of the data directory is used when none is configured', async () => {
  developmentSecrets(join(cwd, 'elsewhere'))
  const result = await run(['trace', 'x', '--data', 'elsewhere', '--url', 'http://127.0.0.1:1'])
  assert.match(result.err, /no answer from/)
})
