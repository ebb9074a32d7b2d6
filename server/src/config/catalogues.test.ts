import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readCatalogues } from './catalogues.ts'
import { ConfigError } from './config-error.ts'

/** What the folder of these files gives: catalogues, or the problems. */
async function read(files: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-catalogues-'))
  try {
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
    mkdirSync(join(folder, '..data'))
    return Object.keys(await readCatalogues(folder))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(({ source, message }) => `${source.slice(folder.length + 1)}: ${message}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const sentences = { LIKE: { other: '{actors} +1' } }

test('a language for each file, by its name', async () => {
  assert.deepEqual(await readCatalogues(''), {})
  assert.deepEqual(await read({ 'de.json': { sentences }, 'en-US.json': { sentences }, 'README.md': 'notes' }), [
    'de',
    'en-us',
  ])
})

test('a name that is no language tag is told, with the one that was meant', async () => {
  const problems = await read({ 'en_US.json': {}, 'english.json': {}, 'x.json': {}, 'en-.json': {} })
  assert.deepEqual(
    problems.map((problem) => problem.split(': ')[0]),
    ['en-.json', 'en_US.json', 'english.json', 'x.json'],
  )
  assert.match(problems[1] ?? '', /is a language tag, such as nl\.json or pt-BR\.json; did you mean en-US\.json\?$/)
  assert.doesNotMatch(problems[2] ?? '', /did you mean/)
})

test('everything that is wrong in all files is told at once', async () => {
  const problems = await read({
    'de.json': '{ "sentences": ',
    'en.json': { sentences: { LIKE: { other: '{actors} {objct}' }, LIEK: { other: 'x' } } },
    'en_US.json': {},
    'fr.json': { sentences },
    'nl.json': { sentences },
  })
  const told = (pattern: RegExp) => problems.filter((problem) => pattern.test(problem)).length
  assert.equal(told(/^de\.json: this is not JSON/), 1)
  assert.equal(told(/^en\.json: .*(\{objct\}|"LIEK")/), 2)
  assert.equal(told(/^en_US\.json: /), 1)
  assert.equal(told(/^nl\.json: .* is missing$/), 12)
  assert.equal(problems.length, 16)
})

test('a folder that is not there is told', async () => {
  await assert.rejects(readCatalogues(join(tmpdir(), 'headwater-no-such-folder')), /cannot be read \(ENOENT\)/)
})
