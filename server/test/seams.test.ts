// Time, chance, timers and the environment enter at their seams; files have a size and a name; nothing is left half
// done. The rules are in architecture/; here they are held against the code, and each against code that breaks it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { needsSeams, seamExceptions, seamLeaks } from './architecture/seams.ts'
import { parseSource } from './architecture/source-file.ts'
import { listFiles, readSources } from './architecture/source-tree.ts'
import { isTooLong, longFiles, pathFaults, textFaults } from './architecture/tidiness.ts'

const sources = readSources()

describe('seams', () => {
  test('the server takes time, chance, timers and the environment from its seams', () => {
    const files = sources.filter(({ path }) => needsSeams(path) && !seamExceptions.has(path))
    assert.deepEqual(files.flatMap(seamLeaks), [])
  })

  test('every exception is still needed', () => {
    for (const path of seamExceptions.keys()) {
      const file = sources.find((source) => source.path === path)
      assert.ok(file !== undefined && seamLeaks(file).length > 0, path)
    }
  })

  const leaks: readonly (readonly [code: string, what: string])[] = [
    ['const a = Date.now()', 'Date.now'],
    ['list.map(Date.now)', 'Date.now'],
    ["const a = Date['now']()", 'Date.now'],
    ['const a = globalThis.Date.now()', 'Date.now'],
    ['const { now } = Date', 'Date.now'],
    ['const a = new Date()', 'new Date()'],
    ['const a = Date()', 'Date()'],
    ['const a = Math.random()', 'Math.random'],
    ['const a = performance.now()', 'performance.now'],
    ['setTimeout(run, 5)', 'setTimeout'],
    ['globalThis.setInterval(run, 5)', 'setInterval'],
    ['setImmediate(run)', 'setImmediate'],
    ["import { setTimeout as sleep } from 'node:timers/promises'", 'setTimeout of node:timers/promises'],
    ['const a = AbortSignal.timeout(5)', 'AbortSignal.timeout'],
    ['const a = crypto.randomUUID()', 'crypto.randomUUID'],
    ["import { randomUUIDv7 } from 'node:crypto'", 'randomUUIDv7 of node:crypto'],
    ["import { randomBytes as bytes } from 'node:crypto'", 'randomBytes of node:crypto'],
    ['const a = process.env.HOME', 'process.env'],
    ['const { env } = process', 'process.env'],
    ["import { env } from 'node:process'", 'env of node:process'],
  ]
  for (const [code, what] of leaks) {
    test(`is found: ${code}`, () => {
      assert.deepEqual(seamLeaks(parseSource('server/src/feed/x.ts', code)), [`server/src/feed/x.ts:1 ${what}`])
    })
  }

  for (const code of [
    'const a = new Date(ms)',
    '// Date.now() is not for us',
    "const a = 'Date.now()'",
    'clock.setTimeout(run, 5)',
    'const a = { env: 1 }',
    "import { createHash } from 'node:crypto'",
  ]) {
    test(`is left alone: ${code}`, () => assert.deepEqual(seamLeaks(parseSource('server/src/feed/x.ts', code)), []))
  }

  test('only the server has seams, and not where they are made', () => {
    assert.ok(needsSeams('server/src/feed/read.ts') && needsSeams('server/src/server.ts'))
    for (const path of [
      'server/src/lib/clock.ts',
      'server/src/main.ts',
      'server/src/feed/read.test.ts',
      'client/src/x.ts',
    ]) {
      assert.ok(!needsSeams(path), path)
    }
  })
})

describe('sizes and names', () => {
  test('no file is longer than 400 lines', () => {
    const long = sources.filter(({ path, text }) => isTooLong(text) && !longFiles.has(path)).map(({ path }) => path)
    assert.deepEqual(long, [])
  })

  test('every long file on the list is still long', () => {
    for (const path of longFiles.keys()) {
      assert.ok(isTooLong(sources.find((source) => source.path === path)?.text ?? ''), path)
    }
  })

  test('a file of 401 lines is too long, one of 400 is not', () => {
    assert.ok(isTooLong('x\n'.repeat(401)))
    assert.ok(!isTooLong('x\n'.repeat(400)))
  })

  test('every path says what is inside, and ends in .ts', () => {
    assert.deepEqual(listFiles().flatMap(pathFaults), [])
  })

  for (const path of [
    'server/src/utils/x.ts',
    'server/src/feed/helpers.ts',
    'server/src/feed/helper.test.ts',
    'client/src/common/x.ts',
    'web/src/Misc.tsx',
    'server/src/feed/read.js',
    'protocol/src/event.mts',
    'server/src/feed/read.tsx',
  ]) {
    test(`is found: ${path}`, () => assert.equal(pathFaults(path).length, 1))
  }
})

describe('nothing half done', () => {
  test('no file has marks of unfinished work, and no test is left out', () => {
    assert.deepEqual(
      sources.flatMap(({ path, text }) => textFaults(path, text)),
      [],
    )
  })

  // In pieces, because this file is read as well.
  for (const text of [
    `// ${'TO' + 'DO'}: later`,
    `/* ${'FIX' + 'ME'} */`,
    `const a = 1 // ${'XX' + 'X'}`,
    `test.${'skip'}('x', () => {})`,
    `describe.${'only'}('x', () => {})`,
    `t.${'to' + 'do'}('x')`,
    `test('x', { ${'skip'}: true }, () => {})`,
  ]) {
    test(`is found: ${text}`, () => assert.equal(textFaults('server/src/x.test.ts', text).length, 1))
  }

  test('words that only look like marks are left alone', () => {
    assert.deepEqual(textFaults('server/src/x.test.ts', "list.skip(5); const todos = 'XXXL'"), [])
  })
})
