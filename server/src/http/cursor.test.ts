import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeadwaterError } from '../lib/error.ts'
import { seededRandom } from '../lib/virtual-seams.ts'
import { type CursorScope, createCursors } from './cursor.ts'

const cursors = createCursors(['current', 'previous'])
const scope: CursorScope = { principal: 'user:alice', list: 'activities', filter: 'LIKE' }
const position = { createdAt: 1_795_000_000_000, actor: 'mia' }

const opens = (text: string, of: CursorScope = scope): boolean => {
  try {
    cursors.open(of, text)
    return true
  } catch (error) {
    assert.ok(HeadwaterError.is(error) && error.code === 'bad_cursor')
    return false
  }
}

test('a cursor opens to the position it was made from', () => {
  assert.deepEqual(cursors.open(scope, cursors.seal(scope, position)), position)
})

test('a cursor of another principal, list or filter does not open', () => {
  const sealed = cursors.seal(scope, position)
  for (const change of [{ principal: 'user:bob' }, { principal: 'server' }, { list: 'actors/x' }, { filter: '' }]) {
    assert.equal(opens(sealed, { ...scope, ...change }), false)
  }
})

test('parts of a scope do not run into each other', () => {
  const sealed = cursors.seal({ principal: 'user:a', list: 'b', filter: '' }, position)
  assert.equal(opens(sealed, { principal: 'user:', list: 'ab', filter: '' }), false)
})

test('a cursor of the previous secret opens, one of another does not', () => {
  assert.ok(opens(createCursors(['previous']).seal(scope, position)))
  assert.equal(opens(createCursors(['stolen']).seal(scope, position)), false)
})

test('of 10,000 mutations none opens', () => {
  const random = seededRandom(43)
  const below = (n: number) => Math.floor(random.next() * n)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. %\u0000é'
  const sealed = cursors.seal(scope, position)
  let accepted = 0
  for (let i = 0; i < 10_000; i++) {
    const at = below(sealed.length)
    const char = alphabet[below(alphabet.length)] as string
    const mutations = [
      sealed.slice(0, at) + char + sealed.slice(at + 1),
      sealed.slice(0, at),
      sealed.slice(0, at) + char + sealed.slice(at),
      sealed.slice(0, at) + sealed.slice(at + 1),
      sealed + char,
    ]
    const mutation = mutations[i % mutations.length] as string
    if (mutation !== sealed && opens(mutation)) accepted++
  }
  assert.equal(accepted, 0)
})

test('nothing, noise and floods do not open', () => {
  for (const text of ['', '=', 'null', 'a'.repeat(10_240), Buffer.from('{}').toString('base64'), '..']) {
    assert.equal(opens(text), false)
  }
})
