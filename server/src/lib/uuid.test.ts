import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createUuidV7, derivedUuidV7, isUuidV7, uuidTime } from './uuid.ts'
import { uuidText, writeUuid } from './uuid-bytes.ts'
import { virtualSeams } from './virtual-seams.ts'

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const good = '019b76da-a800-7abc-8def-0123456789ab'

test('an id carries its time, and is in canonical form', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 48 - 1 }), fc.string(), (time, text) => {
      const id = derivedUuidV7(time, text)
      assert.match(id, pattern)
      assert.equal(uuidTime(id), time)
      assert.equal(derivedUuidV7(time, text), id)
    }),
  )
})

test('what ids are derived to does not change: what was sent again would count twice', () => {
  assert.equal(derivedUuidV7(1_767_225_600_000, 'seed\n0'), '019b76da-a800-73e3-812a-2033cab01382')
})

test('new ids rise, also when the clock goes back and within one millisecond', () => {
  const { clock, random, time } = virtualSeams()
  const newId = createUuidV7(clock, random)
  const ids = Array.from({ length: 9_000 }, () => newId())
  time.jump(-60_000)
  for (let i = 0; i < 9_000; i++) ids.push(newId())
  assert.deepEqual(ids, ids.toSorted())
  assert.equal(new Set(ids).size, ids.length)
  for (const id of ids) assert.match(id, pattern)
})

test('only the canonical form in lower case is one', () => {
  assert.ok(isUuidV7(good))
  const others = ['', good.slice(1), `${good}0`, good.replace('-7', '-4'), good.replace('-8', '-c'), good.toUpperCase()]
  for (const text of others) assert.equal(isUuidV7(text), false, text)
  for (let at = 0; at < good.length; at++) {
    for (const char of ['g', '-', ' ', 'A', '/', ':', '`', 'ü', '大', '\u0130']) {
      const text = good.slice(0, at) + char + good.slice(at + 1)
      assert.equal(isUuidV7(text), pattern.test(text), text)
    }
  }
})

test('the bytes are those of the text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const text = uuidText(bytes)
      assert.equal(text.replaceAll('-', ''), Buffer.from(bytes).toString('hex'))
      const into = new Uint8Array(20)
      assert.equal(writeUuid(text, into, 3), 19)
      assert.deepEqual(into.subarray(3, 19), bytes)
    }),
  )
})
