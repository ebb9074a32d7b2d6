import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import avsc from 'avsc'
import fc from 'fast-check'
import type { AvroSchema } from './avro-schema.ts'
import { createSkim } from './avro-skim.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const tree: AvroSchema = {
  type: 'record',
  name: 'Tree',
  fields: [
    { name: 'name', type: 'string' },
    { name: 'inner', type: { type: 'array', items: 'Tree' } },
    { name: 'other', type: { type: 'map', values: ['null', 'long', 'string'] } },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B'] } },
    { name: 'id', type: { type: 'fixed', name: 'Four', size: 4 } },
    { name: 'rest', type: ['null', 'boolean', 'int', 'double', 'float', 'bytes'] },
  ],
}
const map: AvroSchema = { type: 'map', values: 'string' }

const refused: readonly (readonly [string, AvroSchema, string, RegExp])[] = [
  ['fifty million items in five bytes', { type: 'array', items: 'null' }, '80 e1 eb 17 00', /too many items/],
  ['as many, with the size of the block', { type: 'array', items: 'null' }, 'ff e0 eb 17 00', /too many items/],
  [
    'a count beyond all numbers',
    { type: 'array', items: 'null' },
    'fe ff ff ff ff ff ff ff ff 01 00',
    /too many items/,
  ],
  ['items that are not there', { type: 'array', items: 'string' }, '14 02 61', /ends too early/],
  ['a text longer than the bytes', 'string', 'fe ff ff ff 0f', /ends too early/],
  ['a negative length', 'string', '03 61', /negative/],
  ['a text that is not UTF-8', 'string', '04 c3 28', /UTF-8/],
  ['a number without an end', 'long', 'ff ff ff ff ff ff ff ff ff ff ff', /64 bits/],
  ['a long that no double holds', 'long', 'fe ff ff ff ff ff ff ff ff 01', /beyond 2\^53/],
  ['an int of more than 32 bits', 'int', '80 80 80 80 10', /32 bits/],
  ['a boolean that is neither', 'boolean', '02', /neither/],
  ['a branch that is not there', ['null', 'string'], '04', /no branch 2/],
  ['a symbol that is not there', { type: 'enum', name: 'E', symbols: ['A'] }, '02', /no symbol 1/],
  ['a key __proto__', map, '02 12 5f5f70726f746f5f5f 02 61 00', /"__proto__"/],
  ['a key constructor', map, '02 16 636f6e7374727563746f72 02 61 00', /"constructor"/],
  ['a key prototype', map, '02 12 70726f746f74797065 02 61 00', /"prototype"/],
  ['a block of another size', { type: 'array', items: 'int' }, '03 08 02 02 00', /size/],
]

describe('bytes that are refused', () => {
  for (const [name, schema, bytes, reason] of refused) {
    test(name, () => {
      const result = createSkim(schema)(hex(bytes), 0)
      assert.match('reason' in result ? result.reason : 'accepted', reason)
    })
  }

  test('a bomb costs next to nothing', () => {
    const skim = createSkim({ type: 'array', items: 'null' })
    const bomb = hex('80 e1 eb 17 00')
    const start = process.cpuUsage()
    for (let i = 0; i < 1_000; i++) skim(bomb, 0)
    assert.ok(process.cpuUsage(start).user < 200_000, 'more than 200 µs for five bytes')
  })

  test('records inside one another are bounded', () => {
    // A Tree with an empty name and one Tree in it, and so on.
    const result = createSkim(tree)(Buffer.from('0002'.repeat(10_000), 'hex'), 0)
    assert.match('reason' in result ? result.reason : 'accepted', /nested too deeply/)
  })
})

describe('bytes that are read', () => {
  test('a sized block, as other writers make them', () => {
    assert.deepEqual(createSkim({ type: 'array', items: 'int' })(hex('03 04 02 02 00'), 0), { end: 5 })
  })

  test('a key that only holds a forbidden one', () => {
    const type = avsc.Type.forSchema(map as avsc.Schema)
    const bytes = type.toBuffer({ my__proto__: 'a', '\u0012__proto__': 'b', prototypes: 'c', constructor2: 'd' })
    assert.deepEqual(createSkim(map)(bytes, 0), { end: bytes.length })
  })

  test('more records beside one another than may be inside one another', () => {
    const leaf = { name: '', inner: [], other: {}, kind: 'A', id: Buffer.alloc(4), rest: null }
    const bytes = type.toBuffer({ ...leaf, inner: Array.from({ length: 100 }, () => leaf) })
    assert.deepEqual(createSkim(tree, { items: 100, depth: 6 })(bytes, 0), { end: bytes.length })
  })

  const type = avsc.Type.forSchema(structuredClone(tree) as avsc.Schema, { wrapUnions: 'always' })

  test('whatever the encoder writes, to the last byte', () => {
    const skim = createSkim(tree, { items: 10_000, depth: 200 })
    for (let i = 0; i < 300; i++) {
      const bytes = type.toBuffer(randomTree(3))
      assert.deepEqual(skim(Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(2)]), 3), { end: 3 + bytes.length })
    }
  })

  test('what passes, the decoder can read; what is broken never throws', () => {
    const skim = createSkim(tree, { items: 1_000, depth: 64 })
    const bytes = type.toBuffer(randomTree(3))
    const change = fc.record({ at: fc.nat(bytes.length - 1), byte: fc.nat(255) })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const broken = Buffer.from(bytes)
        for (const { at, byte } of changes) broken[at] = byte
        const result = skim(broken, 0)
        if ('end' in result) assert.equal(type.decode(broken, 0).offset, result.end)
      }),
      { numRuns: 3_000 },
    )
  })
})

function randomTree(depth: number): object {
  const [random] = fc.sample(
    fc.record({
      name: fc.string({ unit: 'grapheme', maxLength: 80 }),
      other: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.constantFrom(null, { long: -5 }, { string: 'ü' })),
      kind: fc.constantFrom('A', 'B'),
      rest: fc.constantFrom(
        null,
        { boolean: true },
        { int: -(2 ** 31) },
        { double: 0.5 },
        { bytes: Buffer.from('ab') },
      ),
    }),
    1,
  )
  const inner = depth === 0 ? [] : [randomTree(depth - 1), randomTree(0)]
  return { ...random, inner, id: Buffer.alloc(4) }
}
