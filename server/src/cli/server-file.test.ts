import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readServerFile, removeServerFile, writeServerFile } from './server-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'headwater-server-file-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('a server whose data directory is not there yet tells its address in it, and takes that back', () => {
  const dir = join(folder, 'not', 'there')
  assert.equal(writeServerFile(dir, 'http://127.0.0.1:7070'), true)
  assert.deepEqual(readServerFile(dir), { url: 'http://127.0.0.1:7070', pid: process.pid })
  assert.equal(statSync(dir).mode & 0o777, 0o700)
  removeServerFile(dir)
  assert.deepEqual([readServerFile(dir), existsSync(join(dir, 'server.json'))], [undefined, false])
})

test('a server that can write nothing goes on without', () => {
  assert.equal(writeServerFile(join(import.meta.filename, 'data'), 'http://127.0.0.1:7070'), false)
  assert.doesNotThrow(() => removeServerFile(join(import.meta.filename, 'data')))
})
