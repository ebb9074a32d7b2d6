import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { isLoopback } from './checks.ts'
import { ConfigError, type Problem } from './config-error.ts'
import { loadConfig, loadSettings, type Sources, settingsWith } from './load.ts'
import { rulesOfType } from './rules.ts'
import { keys } from './schema.ts'

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function folder(file?: unknown): string {
  const path = mkdtempSync(join(tmpdir(), 'headwater-config-'))
  folders.push(path)
  if (file !== undefined)
    writeFileSync(join(path, 'headwater.json'), typeof file === 'string' ? file : JSON.stringify(file))
  return path
}

function problemsOf(sources: Sources): readonly Problem[] {
  try {
    loadSettings({ cwd: folder(), ...sources })
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems
  }
  return []
}

const goodKey = '5b0cbe43-0d6a-4e54-9f5c'
const goodSecret = 'q8Zs0pVt3mYx7Rk2Lw9Nf4Hc6Bd1Gj5Ea'

describe('order of the sources', () => {
  const file = { http: { port: 1 } }
  const cases: readonly (readonly [string, Sources & { file?: never }, unknown, number, string])[] = [
    ['default', {}, undefined, 7070, 'default'],
    ['file over default', {}, file, 1, 'headwater.json'],
    [
      'environment over file',
      { environment: { HEADWATER_HTTP__PORT: '2' } },
      file,
      2,
      'environment variable HEADWATER_HTTP__PORT',
    ],
    ['short variable', { environment: { PORT: '3' } }, file, 3, 'environment variable PORT'],
    [
      'long over short variable',
      { environment: { PORT: '3', HEADWATER_HTTP__PORT: '2' } },
      file,
      2,
      'environment variable HEADWATER_HTTP__PORT',
    ],
    ['empty variable is none', { environment: { PORT: '', HEADWATER_HTTP__PORT: '' } }, file, 1, 'headwater.json'],
    ['flag over environment', { environment: { PORT: '3' }, flags: [['port', '4']] }, file, 4, 'flag --port'],
    [
      'later flag over earlier',
      {
        flags: [
          ['port', '4'],
          ['http.port', '5'],
        ],
      },
      file,
      5,
      'flag --http.port',
    ],
  ]
  for (const [name, sources, content, port, source] of cases) {
    test(name, () => {
      const { settings, sourceOf } = loadSettings({ cwd: folder(content), ...sources })
      assert.equal(settings.http.port, port)
      assert.equal(sourceOf.get('http.port'), source)
    })
  }

  test('a named file is read instead, from the flag before the environment', () => {
    const cwd = folder({ http: { port: 1 } })
    writeFileSync(join(cwd, 'a.json'), '{"http": {"port": 11}}')
    writeFileSync(join(cwd, 'b.json'), '\uFEFF{"$schema": "x", "http": {"port": 12}}')
    const environment = { HEADWATER_CONFIG: 'a.json' }
    assert.equal(loadSettings({ cwd, environment }).settings.http.port, 11)
    assert.equal(loadSettings({ cwd, environment, file: join(cwd, 'b.json') }).settings.http.port, 12)
  })
})

describe('every key', () => {
  const samples: Readonly<Record<string, readonly [text: string, json: unknown]>> = {
    number: ['61000', 61_000],
    boolean: ['true', true],
    string: ['some-text', 'some-text'],
    list: ['https://a.example, https://b.example', ['https://a.example', 'https://b.example']],
  }
  for (const { name, variable, path, field } of keys) {
    const choices = /^one of (.*)$/.exec(field.expects)?.[1]?.split(', ')
    const kind = Array.isArray(field.default)
      ? 'list'
      : field.expects.startsWith('a whole')
        ? 'number'
        : field.expects.startsWith('true')
          ? 'boolean'
          : 'string'
    const isBounded = kind === 'number' && field.accept(61_000) === undefined
    const [text, json] = choices
      ? [choices.at(-1) as string, choices.at(-1)]
      : isBounded
        ? ['7', 7]
        : (samples[kind] as readonly [string, unknown])
    if (name === 'engine' || name === 'roles' || name === 'http.host' || name === 'http.trustedProxies') continue
    test(`${name} can be set in the environment, in flags and in the file`, () => {
      const file = path.reduceRight<unknown>((inner, part) => ({ [part]: inner }), json)
      // A ping interval of its own would be above the silence that closes a socket.
      const fitting = name === 'gateway.pingIntervalMs' ? [['gateway.silenceTimeoutMs', '80000'] as const] : []
      const sources: Sources[] = [
        { environment: { [variable]: text }, cwd: folder(), flags: fitting },
        { flags: [[name, text], ...fitting], cwd: folder() },
        { cwd: folder(file), flags: fitting },
      ]
      for (const source of sources) {
        const { settings } = loadSettings(source)
        assert.deepEqual(
          path.reduce<unknown>((node, part) => (node as Record<string, unknown>)[part], settings),
          json,
        )
      }
    })
  }

  test('has a sentence, and a default that it accepts itself', () => {
    for (const { name, field } of keys) {
      assert.match(field.doc, /^[A-Z`].*\.$/s, name)
      if (field.default !== undefined) assert.deepEqual(field.accept(field.default), field.default, name)
    }
  })
})

describe('what is wrong', () => {
  const cases: readonly (readonly [string, Sources, readonly [string | null, string, RegExp][]])[] = [
    [
      'unknown variable',
      { environment: { HEADWATER_HTP__PORT: '1' } },
      [['HEADWATER_HTP__PORT', 'environment variable HEADWATER_HTP__PORT', /did you mean HEADWATER_HTTP__PORT\?/]],
    ],
    [
      'mistyped short variable',
      { environment: { HEADWATER_TOKEN_SECERT: 'x' } },
      [
        [
          'HEADWATER_TOKEN_SECERT',
          'environment variable HEADWATER_TOKEN_SECERT',
          /did you mean HEADWATER_TOKEN_SECRET\?/,
        ],
      ],
    ],
    ['unknown flag', { flags: [['http.prot', '1']] }, [['http.prot', 'flag --http.prot', /did you mean http\.port\?/]]],
    [
      'text for a number',
      { environment: { PORT: 'abc' } },
      [['http.port', 'environment variable PORT', /expected a whole number from 0 to 65535, not "abc"/]],
    ],
    ['number out of range', { flags: [['port', '70000']] }, [['http.port', 'flag --port', /from 0 to 65535/]]],
    [
      'fraction',
      { flags: [['activity.flushMs', '2.5']] },
      [['activity.flushMs', 'flag --activity.flushMs', /whole number/]],
    ],
    [
      'unknown choice',
      { flags: [['http.rateLimits', 'maybe']] },
      [['http.rateLimits', 'flag --http.rateLimits', /one of on, off/]],
    ],
    [
      'unknown boolean',
      { flags: [['activity.notifySelf', 'perhaps']] },
      [['activity.notifySelf', 'flag --activity.notifySelf', /true or false/]],
    ],
    [
      'a cluster without addresses',
      { environment: { HEADWATER_ENGINE: 'cluster', HEADWATER_KAFKA: 'a:9092', HEADWATER_REDIS: 'redis://r' } },
      [
        ['cassandra.contactPoints', 'default', /services -- up/],
        ['postgres.url', 'default', /services -- up/],
      ],
    ],
    [
      'a part of the roles of an embedded server',
      { environment: { HEADWATER_ROLES: 'api,gateway' } },
      [['roles', 'environment variable HEADWATER_ROLES', /embedded server keeps its data to itself/]],
    ],
    [
      'a role that is not there',
      { environment: { HEADWATER_ROLES: 'all,cook' } },
      [['roles', 'environment variable HEADWATER_ROLES', /no role "cook": api, gateway, worker/]],
    ],
    [
      'a services file that is not there',
      { environment: { HEADWATER_ENGINE: 'cluster', HEADWATER_SERVICES: '/nowhere/services.json' } },
      [['cluster.servicesFile', '/nowhere/services.json', /no such file/]],
    ],
    [
      'silence below pings',
      { flags: [['gateway.silenceTimeoutMs', '20000']] },
      [['gateway.silenceTimeoutMs', 'flag --gateway.silenceTimeoutMs', /above gateway\.pingIntervalMs/]],
    ],
    [
      'origin with a path',
      { flags: [['http.corsOrigins', 'https://a.example/']] },
      [['http.corsOrigins', 'flag --http.corsOrigins', /no origin/]],
    ],
    ['missing file', { file: 'nowhere.json' }, [[null, 'nowhere.json', /no such file/]]],
  ]
  for (const [name, sources, expected] of cases) {
    test(name, () => {
      const problems = problemsOf(sources)
      assert.equal(problems.length, expected.length)
      for (const [i, [key, source, message]] of expected.entries()) {
        assert.equal(problems[i]?.key, key)
        assert.equal(problems[i]?.source, source)
        assert.match(problems[i]?.message ?? '', message)
      }
    })
  }

  const files: readonly (readonly [string, unknown, string | null, RegExp])[] = [
    ['broken JSON', '{"http":', null, /not valid JSON/],
    ['no object', [1], null, /expected a JSON object/],
    ['unknown key in a section', { http: { prot: 1 } }, 'http.prot', /did you mean http\.port\?/],
    ['unknown section', { htp: {} }, 'htp', /did you mean http\?/],
    ['text for a number', { http: { port: '7070' } }, 'http.port', /expected a whole number/],
    ['text for a list', { http: { corsOrigins: 'https://a.example' } }, 'http.corsOrigins', /expected a list/],
    ['value for a section', { http: 1 }, 'http', /expected a section/],
    [
      'unknown event type',
      { activity: { rules: { LIKES: {} } } },
      'activity.rules.LIKES',
      /did you mean activity\.rules\.LIKE\?/,
    ],
    ['prototype', '{"__proto__": {"http": {"port": 1}}}', '__proto__', /no such key/],
  ]
  for (const [name, content, key, message] of files) {
    test(`${name} in the file`, () => {
      const [problem, ...more] = problemsOf({ cwd: folder(content) })
      assert.deepEqual(more, [])
      assert.equal(problem?.key, key)
      assert.match(problem?.message ?? '', message)
    })
  }

  test('everything at once, from all sources', () => {
    const cwd = folder({ http: { prot: 1 }, log: { level: 'loud' } })
    const problems = problemsOf({ cwd, environment: { PORT: 'x' }, flags: [['gateway.drainMs', '-1']] })
    assert.deepEqual(
      problems.map(({ key }) => key),
      ['http.prot', 'log.level', 'http.port', 'gateway.drainMs'],
    )
  })

  test('a secret is not repeated in the message', () => {
    const cwd = folder({ auth: { tokenSecret: ['planted'] } })
    assert.doesNotMatch(JSON.stringify(problemsOf({ cwd })), /planted/)
  })

  test('other programs may use the prefix', () => {
    const { warnings } = loadSettings({
      cwd: folder(),
      environment: { HEADWATER_BACKUP_BUCKET: 'b', HEADWATER_URL: 'http://x' },
    })
    assert.deepEqual(warnings, ['environment variable HEADWATER_BACKUP_BUCKET is no setting of this server'])
  })
})

describe('keys and secrets', () => {
  test('development ones are made once, for the owner alone', () => {
    const cwd = folder()
    const first = loadConfig({ cwd })
    assert.equal(first.isDevelopment, true)
    assert.equal(first.data.dir, join(cwd, 'data'))
    assert.deepEqual(loadConfig({ cwd }).access, first.access)
    assert.equal(statSync(join(cwd, 'data/development-secrets.json')).mode & 0o777, 0o600)
    assert.notDeepEqual(loadConfig({ cwd: folder() }).access, first.access)
  })

  test('given ones hold, with the previous ones behind them', () => {
    const environment = {
      HEADWATER_API_KEY: 'new-key',
      HEADWATER_AUTH__PREVIOUS_API_KEY: 'old-key',
      HEADWATER_TOKEN_SECRET: 'new-secret, with a comma',
      HEADWATER_AUTH__PREVIOUS_TOKEN_SECRET: 'old-secret',
    }
    const cwd = folder()
    const config = loadConfig({ cwd, environment })
    assert.deepEqual(config.access, {
      apiKeys: ['new-key', 'old-key'],
      tokenSecrets: ['new-secret, with a comma', 'old-secret'],
    })
    assert.equal(config.isDevelopment, false)
    assert.throws(() => statSync(join(cwd, 'data')), /ENOENT/)
  })

  test('a damaged file of development secrets stops the start and stays', () => {
    const cwd = folder()
    loadConfig({ cwd })
    const path = join(cwd, 'data/development-secrets.json')
    writeFileSync(path, '{')
    assert.throws(() => loadConfig({ cwd }), /damaged/)
    assert.equal(readFileSync(path, 'utf8'), '{')
  })

  test('a directory that cannot be written is named', () => {
    const cwd = folder({})
    const environment = { HEADWATER_DATA: 'headwater.json/data' }
    assert.throws(() => loadConfig({ cwd, environment }), /data\.dir .*cannot be written \(ENOTDIR\)/)
  })

  const open = { HOST: '0.0.0.0', HEADWATER_API_KEY: goodKey, HEADWATER_TOKEN_SECRET: goodSecret }
  const refused: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[]])[] = [
    ['good ones', {}, []],
    ['no API key', { HEADWATER_API_KEY: '' }, ['auth.apiKey']],
    ['no token secret', { HEADWATER_TOKEN_SECRET: '' }, ['auth.tokenSecret']],
    ['neither', { HEADWATER_API_KEY: '', HEADWATER_TOKEN_SECRET: '' }, ['auth.apiKey', 'auth.tokenSecret']],
    ['a short token secret', { HEADWATER_TOKEN_SECRET: goodSecret.slice(0, 31) }, ['auth.tokenSecret']],
    ['a short API key', { HEADWATER_API_KEY: goodKey.slice(0, 15) }, ['auth.apiKey']],
    ['an example', { HEADWATER_TOKEN_SECRET: 'please-change-me-please-change-me-please' }, ['auth.tokenSecret']],
    ['one letter over and over', { HEADWATER_TOKEN_SECRET: 'a'.repeat(64) }, ['auth.tokenSecret']],
    ['a development secret, copied', { HEADWATER_TOKEN_SECRET: `dev_${goodSecret}` }, ['auth.tokenSecret']],
    ['a short previous secret', { HEADWATER_AUTH__PREVIOUS_TOKEN_SECRET: 'short' }, ['auth.previousTokenSecret']],
    ['the same on loopback', { HOST: '127.0.0.1', HEADWATER_TOKEN_SECRET: 'a' }, []],
  ]
  for (const [name, environment, expected] of refused) {
    test(`on an open address: ${name}`, () => {
      assert.deepEqual(
        problemsOf({ environment: { ...open, ...environment } }).map(({ key }) => key),
        expected,
      )
    })
  }

  test('short secrets will do on loopback, with a warning that says how long they should be', () => {
    const environment = { HEADWATER_API_KEY: 'k', HEADWATER_TOKEN_SECRET: 'abc' }
    assert.deepEqual(loadSettings({ cwd: folder(), environment }).warnings, [
      'auth.apiKey is short and will do on loopback alone: it should have 16 bytes or more',
      'auth.tokenSecret is short and will do on loopback alone: it should have 32 bytes or more',
    ])
    assert.deepEqual(loadSettings({ cwd: folder() }).warnings, [])
  })

  test('which addresses are loopback', () => {
    for (const host of ['127.0.0.1', '127.8.9.1', 'localhost', 'LOCALHOST', '::1', '[::1]', '::ffff:127.0.0.1'])
      assert.ok(isLoopback(host), host)
    for (const host of [
      '0.0.0.0',
      '::',
      '',
      '10.0.0.1',
      '127.0.0.1.example.com',
      'localhost.example.com',
      '1270.0.0.1',
    ]) {
      assert.ok(!isLoopback(host), host)
    }
  })
})

test('rules of one type stand before those of all', () => {
  const { activity } = settingsWith({
    'activity.windowMs': 1_000,
    'activity.rules.LIKE.windowMs': 2_000,
    'activity.rules.COMMENT.windowKind': 'sliding',
    'activity.rules.FOLLOW.notifySelf': true,
  })
  assert.deepEqual(rulesOfType(activity, 'SHARE'), {
    windowKind: 'tumbling',
    windowMs: 1_000,
    closeAfterMs: 86_400_000,
    notifySelf: false,
    reopenReadGroups: true,
  })
  assert.equal(rulesOfType(activity, 'LIKE').windowMs, 2_000)
  assert.equal(rulesOfType(activity, 'COMMENT').windowMs, 900_000)
  assert.equal(rulesOfType(activity, 'FOLLOW').notifySelf, true)
})

test('settings for embedding are checked like any other', () => {
  assert.throws(() => settingsWith({ 'http.prot': 1 }), /did you mean http\.port/)
  assert.throws(() => settingsWith({ 'http.host': '0.0.0.0' }), /HEADWATER_API_KEY/)
})
