import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createClient } from './client.ts'
import { HeadwaterError } from './error.ts'

const good = { url: 'https://headwater.example.com/api/', token: 't' }

const inFull = (option: string, value: unknown): object => {
  const [name = '', inner] = option.split('.')
  return { [name]: inner ? { [inner]: value } : value }
}

test('what no server could take is refused at once, by the name of its option', () => {
  const wrong: readonly (readonly [option: string, values: readonly unknown[]])[] = [
    [
      'url',
      [
        'https://x/?a=1',
        'https://x/?',
        'https://x/#a',
        'https://x#',
        '',
        'example.com',
        'localhost:7070',
        'ftp://x',
        'ws://x',
        undefined,
        7,
        '/api',
      ],
    ],
    ['token', ['', 7, null, 'eyJ…', 'a b']],
    ['apiKey', ['', 7, null, 'hw_1…', 'a\nb']],
    ['userId', ['', 'a b', 'ü', 'x'.repeat(129), 7, null]],
    ['deviceId', ['', 'x'.repeat(129), 7, null]],
    ['timeoutMs', [0, -1, Number.NaN, '30000', null]],
    ['activities.pageSize', [0, 101, -1, 1.5, Number.NaN, '20', null]],
    ['activities.maxGroups', [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '500', null]],
  ]
  for (const [option, values] of wrong) {
    for (const value of values) {
      assert.throws(
        () => createClient({ ...good, ...inFull(option, value) }),
        (error) =>
          HeadwaterError.is(error) &&
          error.code === 'invalid_option' &&
          !error.retryable &&
          error.detail.startsWith(`The option ${option} must be `),
        `${option}: ${value}`,
      )
    }
  }
})

test('what is left out is no mistake, and a secret is not shown', () => {
  createClient({ ...good, token: undefined, apiKey: undefined, userId: undefined, deviceId: undefined })
  createClient({ ...good, token: ' eyJ.x-_\n', activities: { pageSize: undefined as never } })
  createClient({ ...good, timeoutMs: 0.5, activities: { pageSize: 100, maxGroups: 1 } })
  createClient({ ...good, timeoutMs: undefined, activities: { maxGroups: undefined as never } })
  createClient({ url: 'http://127.0.0.1:7070', apiKey: 'dev_x', userId: 'mia@example.com', deviceId: '📱'.repeat(128) })
  assert.throws(
    () => createClient({ ...good, apiKey: ['top-secret'] as never }),
    (error: Error) => !error.message.includes('top-secret'),
  )
})

test('the README tells of every option', () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
  const table = /^\| Option of[\s\S]*?\n\n/m.exec(read('../README.md'))?.[0] ?? ''
  const named = [...table.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell]) =>
    [...(cell ?? '').matchAll(/`(\w+)/g)].map(([, name]) => name),
  )
  const declared = /interface ClientOptions \{([\s\S]*?)\n\}/.exec(read('./client.ts'))?.[1] ?? ''
  const options = [...declared.matchAll(/^ {2}readonly (\w+)/gm)].map(([, name]) => name)
  assert.ok(options.length > 8)
  assert.deepEqual(new Set(named), new Set(options))
})
