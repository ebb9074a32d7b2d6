import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { checkFolder, makeFolder } from './make-folder.ts'

const place = mkdtempSync(join(tmpdir(), 'headwater-folder-'))
after(() => rmSync(place, { recursive: true, force: true }))

test('a folder is made with those that it is in, for its owner alone', () => {
  const path = join(place, 'a', 'b', 'c')
  assert.equal(makeFolder(path), join(place, 'a'))
  if (process.platform !== 'win32') {
    for (const made of [path, join(place, 'a')]) assert.equal(statSync(made).mode & 0o777, 0o700)
  }
  assert.equal(makeFolder(path), undefined)
})

test('what is no folder is refused', () => {
  writeFileSync(join(place, 'file'), '')
  symlinkSync(join(place, 'nowhere'), join(place, 'link'))
  for (const path of ['file', join('file', 'a'), 'link'])
    assert.throws(() => makeFolder(join(place, path)), { code: /ENOTDIR|ENOENT/ })
})

test('to look whether a folder could be made makes none', () => {
  checkFolder(join(place, 'later', 'deeper'))
  assert.equal(existsSync(join(place, 'later')), false)
  assert.throws(() => checkFolder(join(place, 'file', 'a')), { code: 'ENOTDIR' })
})

test('where no folder can be made it is said at once', () => {
  const from = pathToFileURL(join(import.meta.dirname, 'make-folder.ts')).href
  const impossible = existsSync('/proc/self') ? '/proc/foo/bar' : join(import.meta.filename, 'foo', 'bar')
  const text = `import { makeFolder } from ${JSON.stringify(from)}; makeFolder(${JSON.stringify(impossible)})`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', text], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  assert.equal(status, 1)
  assert.match(stderr, /ENOENT|ENOTDIR|EACCES|EPERM/)
})
