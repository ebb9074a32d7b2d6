import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalForm, crc64Avro, fingerprintOf } from './avro-fingerprint.ts'
import type { AvroSchema } from './avro-schema.ts'

/** Schema, canonical form ('' = the schema as it stands) and signed fingerprint, as Avro's own implementations test them. */
const published: readonly (readonly [schema: string, canonical: string, fingerprint: bigint])[] = [
  ['"null"', '', 7195948357588979594n],
  ['{"type":"null"}', '"null"', 7195948357588979594n],
  ['"boolean"', '', -6970731678124411036n],
  ['"int"', '', 8247732601305521295n],
  ['{"type":"int"}', '"int"', 8247732601305521295n],
  ['"long"', '', -3434872931120570953n],
  ['"float"', '', 5583340709985441680n],
  ['"double"', '', -8181574048448539266n],
  ['"bytes"', '', 5746618253357095269n],
  ['"string"', '', -8142146995180207161n],
  ['[  ]', '[]', -1241056759729112623n],
  ['[ "int"  ]', '["int"]', -5232228896498058493n],
  ['[ "int" , {"type":"boolean"} ]', '["int","boolean"]', 5392556393470105090n],
  ['{"fields":[],"type":"record","name":"foo"}', '{"name":"foo","type":"record","fields":[]}', -4824392279771201922n],
  [
    '{"fields":[],"type":"record","name":"foo","namespace":"x.y"}',
    '{"name":"x.y.foo","type":"record","fields":[]}',
    5916914534497305771n,
  ],
  [
    '{"fields":[],"type":"record","name":"a.b.foo","namespace":"x.y"}',
    '{"name":"a.b.foo","type":"record","fields":[]}',
    -4616218487480524110n,
  ],
  [
    '{"fields":[],"type":"record","name":"foo","doc":"foo","aliases":["foo","bar"]}',
    '{"name":"foo","type":"record","fields":[]}',
    -4824392279771201922n,
  ],
  [
    '{"fields":[{"type":{"type":"boolean"},"name":"f1"}],"type":"record","name":"foo"}',
    '{"name":"foo","type":"record","fields":[{"name":"f1","type":"boolean"}]}',
    7843277075252814651n,
  ],
  [
    '{"fields":[{"type":"boolean","aliases":[],"name":"f1","default":"true"},{"order":"descending","name":"f2","doc":"Hello","type":"int"}],"type":"record","name":"foo"}',
    '{"name":"foo","type":"record","fields":[{"name":"f1","type":"boolean"},{"name":"f2","type":"int"}]}',
    -4860222112080293046n,
  ],
  [
    '{"type":"enum","name":"foo","symbols":["A1"]}',
    '{"name":"foo","type":"enum","symbols":["A1"]}',
    -6342190197741309591n,
  ],
  [
    '{"namespace":"x.y.z","type":"enum","name":"foo","doc":"foo bar","symbols":["A1","A2"]}',
    '{"name":"x.y.z.foo","type":"enum","symbols":["A1","A2"]}',
    -4448647247586288245n,
  ],
  ['{"name":"foo","type":"fixed","size":15}', '{"name":"foo","type":"fixed","size":15}', 1756455273707447556n],
  [
    '{"namespace":"x.y.z","type":"fixed","name":"foo","doc":"foo bar","size":32}',
    '{"name":"x.y.z.foo","type":"fixed","size":32}',
    -3064184465700546786n,
  ],
  ['{"items":{"type":"null"},"type":"array"}', '{"type":"array","items":"null"}', -589620603366471059n],
  ['{"values":"string","type":"map"}', '{"type":"map","values":"string"}', -8732877298790414990n],
  [
    '{"name":"PigValue","type":"record","fields":[{"name":"value","type":["null","int","long","PigValue"]}]}',
    '',
    -1759257747318642341n,
  ],
]

for (const [schema, canonical, fingerprint] of published) {
  test(`canonical form and fingerprint of ${schema}`, () => {
    const form = canonicalForm(JSON.parse(schema) as AvroSchema)
    assert.equal(form, canonical === '' ? schema : canonical)
    assert.equal(BigInt.asIntN(64, crc64Avro(Buffer.from(form))), fingerprint)
  })
}

test('the header carries the fingerprint little-endian', () => {
  assert.equal(Buffer.from(fingerprintOf('int')).toString('hex'), '8f5c393f1ad57572')
})

test('names inside a record are taken to lie in its namespace', () => {
  const inner = { type: 'enum', name: 'Kind', symbols: ['A'] }
  const schema = { type: 'record', name: 'a.b.Outer', fields: [{ name: 'kind', type: inner }] }
  assert.match(canonicalForm(schema as AvroSchema), /"name":"a\.b\.Kind"/)
})
