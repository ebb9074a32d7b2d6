// What the documentation names exists, and what exists is named.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { closeCodes, frameErrors, httpErrors, itemErrors } from '@headwater/protocol'
import { generatedPages } from '../../scripts/docs/pages.ts'
import { commands } from '../src/cli/commands.ts'
import { keys } from '../src/config/schema.ts'
import { promisesOf } from '../src/conformance/frame.ts'
import * as suites from '../src/conformance/suite.ts'
import { createMetrics } from '../src/lib/metrics.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const inTicks = (text: string): string[] => [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] as string)
const firstColumn = (page: string): string[] =>
  [...page.matchAll(/^\| `?([^`|]+?)`? \|/gm)].map((match) => match[1] as string)

describe('generated pages are what the tables in the code say', async () => {
  for (const [path, text] of await generatedPages()) {
    test(path, () => assert.equal(read(path), text, `${path} is stale: npm run docs`))
  }
})

describe('ARCHITECTURE.md', () => {
  const text = read('ARCHITECTURE.md')
  const paths = inTicks(text).filter((name) => /^(protocol|client|web|server|scripts|docs)(\/|$)/.test(name))

  test('names paths that exist', () => {
    assert.ok(paths.length > 25)
    assert.deepEqual(
      paths.filter((path) => !existsSync(join(root, path))),
      [],
    )
  })
  test('names every folder of server/src', () => {
    const folders = readdirSync(join(root, 'server/src'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    )
    assert.deepEqual(
      folders.map(({ name }) => `server/src/${name}`).filter((folder) => !paths.includes(folder)),
      [],
    )
  })
})

describe('reference pages name what there is, and nothing else', () => {
  test('error codes', () => {
    const named = firstColumn(read('docs/reference/errors.md')).filter((name) => !/^(Code|Close code|-+)$/.test(name))
    const words = [httpErrors, itemErrors, frameErrors].flatMap((table) => Object.keys(table))
    const codes = [...words, ...Object.values(closeCodes).map(String)]
    assert.deepEqual(named.sort(), codes.sort())
  })
  test('configuration keys', () => {
    const named = firstColumn(read('docs/reference/configuration.md')).filter((name) => !/^(Key|-+)$/.test(name))
    const known = new Set(keys.map(({ name }) => name.replace(/^activity\.rules\.[A-Z]+\./, 'activity.rules.<TYPE>.')))
    assert.deepEqual(named.sort(), [...known].sort())
  })
  test('metrics', async () => {
    const named = firstColumn(read('docs/reference/metrics.md')).filter((name) => name.startsWith('headwater_'))
    const registered = [...(await createMetrics().text()).matchAll(/^# TYPE (\S+)/gm)].map(
      (match) => match[1] as string,
    )
    assert.deepEqual(named.sort(), registered.sort())
  })
  test('commands', () => {
    const named = [...read('docs/reference/cli.md').matchAll(/^## `(\w+)/gm)].map((match) => match[1])
    assert.deepEqual(named, Object.keys(commands))
  })
})

/** What the tests themselves read, found in their text. */
const testVariables = [
  'scripts/fuzz-openapi.mjs',
  'server/test/checkers/concurrent-run.test.ts',
  'server/test/invariants/hostile-memory.test.ts',
].flatMap((path) => [...read(path).matchAll(/HEADWATER_[A-Z_]+/g)].map(([name]) => name))

const sections = [...new Set(keys.map(({ name }) => name.split('.', 1)[0]))]
const keyForm = new RegExp(`^(?:${sections.join('|')})\\.[a-zA-Z.]+$`)

test('keys, variables and metrics in the text exist', async () => {
  const unitCosts = JSON.parse(read('server/src/cli/capacity/unit-costs.json')) as Readonly<Record<string, unknown>>
  const known = new Set([...keys.map(({ name }) => name), ...Object.keys(unitCosts)])
  const variables = new Set([
    ...keys.flatMap(({ variable, field }) => [variable, field.variable]),
    'HEADWATER_CONFIG',
    'HEADWATER_URL',
    ...testVariables,
  ])
  const metrics = await createMetrics().text()
  const wrong = pages().flatMap((path) =>
    inTicks(read(path)).flatMap((name) => {
      const isKey = keyForm.test(name) && !/\.(ts|json|md|db)$/.test(name)
      if (isKey && !known.has(name) && !name.includes('…')) return [`${path}: key ${name}`]
      if (/^HEADWATER_[A-Z_]+$/.test(name) && !variables.has(name) && !name.startsWith('HEADWATER_SECTION'))
        return [`${path}: ${name}`]
      if (/^headwater_\w+$/.test(name) && !metrics.includes(`# TYPE ${name} `)) return [`${path}: metric ${name}`]
      return []
    }),
  )
  assert.deepEqual(wrong, [])
})

describe('promises', () => {
  const sentences = (text: string): string[] =>
    (/Promises, each a case in [^\n]*\n([\s\S]*?)\*\//.exec(text)?.[1] ?? '')
      .replace(/^\s*\* ?/gm, '')
      .split(/^- /m)
      .slice(1)
      .map((item) => (item.split('\n\n')[0] as string).replace(/\s+/g, ' ').trim())

  const suiteOf = new Map(
    Object.values<unknown>(suites).flatMap((value) =>
      typeof value === 'object' && value !== null && 'promises' in value && 'name' in value
        ? [[String(value.name), promisesOf(value as Parameters<typeof promisesOf>[0])] as const]
        : [],
    ),
  )
  const ports = readdirSync(join(root, 'server/src/ports'))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => file.slice(0, -3))

  for (const port of ports) {
    const text = read(`server/src/ports/${port}.ts`)
    if (!text.includes('Promises, each')) continue
    test(`each promise of ${port} is a case of its suite, and the reverse`, () => {
      assert.ok(sentences(text).length > 0)
      assert.deepEqual([...(suiteOf.get(port) ?? [])].sort(), sentences(text).sort())
    })
  }
})

test('every relative link leads somewhere', () => {
  const dead = pages().flatMap((path) =>
    [...read(path).matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1] as string)
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => !leads(path, link))
      .map((link) => `${path}: ${link}`),
  )
  assert.deepEqual(dead, [])
})

test('every page of docs is linked from another page', () => {
  const linked = new Set(
    pages().flatMap((path) =>
      [...read(path).matchAll(/\]\(([^)#\s]+)/g)].map((match) =>
        relative(root, join(root, dirname(path), match[1] as string)),
      ),
    ),
  )
  const alone = pages().filter((path) => path.startsWith('docs/') && path !== 'docs/README.md' && !linked.has(path))
  assert.deepEqual(alone, [])
})

function leads(from: string, link: string): boolean {
  const [file = '', anchor] = link.split('#')
  const path = file === '' ? from : relative(root, join(root, dirname(from), file))
  if (!existsSync(join(root, path))) return false
  return anchor === undefined || headings(read(path)).includes(anchor)
}

/** As GitHub names the anchors of headings. */
const headings = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )

function pages(): string[] {
  const inFolder = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) return inFolder(path)
      return entry.name.endsWith('.md') ? [path] : []
    })
  const atRoot = readdirSync(root).filter((name) => name.endsWith('.md'))
  return [...atRoot, ...inFolder('docs')]
}
