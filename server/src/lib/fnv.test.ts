import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fnv1a } from './fnv.ts'

test('values are those of the definition, and what is stored was found by them', () => {
  // The first three are test vectors of FNV-1a for ASCII.
  for (const [text, hash] of [
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
    ['carol', 0x67088f12],
    ['大学', 0x9a0757e0],
  ] as const) {
    assert.equal(fnv1a(text).toString(16), hash.toString(16), text)
  }
  assert.equal(fnv1a('bar', fnv1a('foo')), fnv1a('foobar'))
})
