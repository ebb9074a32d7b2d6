import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { sabotages } from './sabotages.ts'
import { suites } from './suites.ts'
import { edited, root } from './tree-copy.ts'

/** `npm run sabotage` tries them; here it is only seen to that they can still be tried. */
describe('sabotages', () => {
  for (const { name, edits } of sabotages) {
    test(`${name} still finds what it breaks, and leaves something that can be parsed`, () => {
      const texts = new Map<string, string>()
      for (const edit of edits) {
        const text = texts.get(edit.file) ?? readFileSync(join(root, edit.file), 'utf8')
        texts.set(edit.file, edited(text, edit))
      }
      for (const text of texts.values()) assert.doesNotThrow(() => stripTypeScriptTypes(text))
    })
  }

  test('have names of their own, and suites that exist and are used', () => {
    assert.equal(new Set(sabotages.map(({ name }) => name)).size, sabotages.length)
    assert.deepEqual(Object.keys(suites).sort(), [...new Set(sabotages.map(({ suite }) => suite))].sort())
    for (const { files } of Object.values(suites))
      for (const file of files) assert.ok(existsSync(join(root, file)), file)
  })

  test('are all in the table of the documentation', () => {
    const page = readFileSync(join(root, 'docs/internals/checkers.md'), 'utf8')
    const table = page.slice(page.indexOf('| Sabotage |')).split('\n\n', 1)[0] ?? ''
    const rows = sabotages.map(({ name, suite, why }) => `| ${name} | ${suite} | ${why} |`)
    assert.deepEqual(table.split('\n').slice(2), rows)
  })

  test('an edit whose text is gone, or is there twice, is refused', () => {
    const edit = { file: 'f', find: 'a', replace: 'b' }
    assert.equal(edited('cad', edit), 'cbd')
    assert.throws(() => edited('cd', edit), /no longer/)
    assert.throws(() => edited('aca', edit), /more than once/)
  })
})
