import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { decodeBatches, encodeBatch } from './record-batch.ts'

const stamp = { producerId: 7_000_000_000n, producerEpoch: 3, sequence: 2_147_483_000 }
const driver = await import('@platformatic/kafka')
const crc32c = (bytes: Uint8Array): number => driver.crc32c(bytes as Buffer)
const uncompressed = () => assert.fail('nothing is compressed')

const records = fc.array(
  fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 40 }), value: fc.uint8Array({ maxLength: 400 }) }),
  { minLength: 1, maxLength: 300 },
)

/** As a broker does: the first offset is its own, and with LogAppendTime so is the time. */
function stored(batch: Buffer, offset: number, appendedAt?: number): Buffer {
  const bytes = Buffer.from(batch)
  bytes.writeBigInt64BE(BigInt(offset), 0)
  if (appendedAt !== undefined) {
    bytes.writeInt16BE(bytes.readInt16BE(21) | 8, 21)
    bytes.writeBigInt64BE(BigInt(appendedAt), 35)
  }
  return bytes
}

describe('record batches', () => {
  test('what is encoded is decoded, from any offset', () => {
    fc.assert(
      fc.property(records, fc.integer({ min: 0, max: 2 ** 41 }), fc.nat(), (all, offset, skip) => {
        const batch = stored(encodeBatch(all, stamp, 1_700_000_000_000, crc32c), offset, 1_800_000_000_123)
        const from = offset + (skip % all.length)
        const { records: read, next } = decodeBatches(batch, from, uncompressed)
        assert.equal(next, offset + all.length)
        assert.deepEqual(
          read.map(({ value, ...rest }) => ({ ...rest, value: Buffer.from(value ?? []) })),
          all
            .map(({ key, value }, i) => ({
              offset: offset + i,
              appendedAt: 1_800_000_000_123,
              key,
              value: Buffer.from(value),
            }))
            .filter((record) => record.offset >= from),
        )
      }),
    )
  })

  test('the driver reads what is encoded here', () => {
    fc.assert(
      fc.property(records, (all) => {
        const batch = driver.readRecordsBatch(driver.Reader.from(encodeBatch(all, stamp, 1_700_000_000_000, crc32c)))
        assert.deepEqual(
          [batch.magic, batch.producerId, batch.producerEpoch, batch.firstSequence, batch.firstTimestamp],
          [2, stamp.producerId, stamp.producerEpoch, stamp.sequence, 1_700_000_000_000n],
        )
        assert.equal(batch.lastOffsetDelta, all.length - 1)
        assert.deepEqual(
          batch.records.map(({ key, value }) => [key?.toString() ?? '', Buffer.from(value ?? [])]),
          all.map(({ key, value }) => [key, Buffer.from(value)]),
        )
      }),
    )
  })

  test('what the driver encodes is read here, each record with a time of its own', () => {
    // Within 24 days: past that the driver writes a wrong difference.
    const times = [1_700_000_000_000, 1_700_000_000_001, 1_698_000_000_000, 1_702_000_000_001]
    const messages = times.map((time, i) => ({
      key: Buffer.from(`key-${i}`),
      value: Buffer.from(`value-${i}`),
      headers: new Map([[Buffer.from('header'), Buffer.from('ignored')]]),
      topic: 'topic',
      partition: 0,
      timestamp: BigInt(time),
    }))
    const bytes = driver.createRecordsBatch(messages as never, {}).buffer
    const read = decodeBatches(bytes, 0, uncompressed).records
    assert.deepEqual(
      read.map(({ key, value, appendedAt }) => [key, value?.toString(), appendedAt]),
      times.map((time, i) => [`key-${i}`, `value-${i}`, time]),
    )
  })

  test('several batches, the last one cut off: what is whole is read, and where to go on', () => {
    const one = [{ key: 'a', value: Buffer.from('1') }]
    const two = [...one, ...one]
    const first = stored(encodeBatch(two, stamp, 5, crc32c), 10)
    // Offsets 12 to 19 are not there: a batch of control records, or compaction, took them.
    const second = stored(encodeBatch(one, stamp, 6, crc32c), 20)
    const whole = Buffer.concat([first, second])
    assert.deepEqual(
      decodeBatches(whole, 10, uncompressed).records.map(({ offset }) => offset),
      [10, 11, 20],
    )
    for (let cut = first.length; cut < whole.length; cut++) {
      const { records: read, next } = decodeBatches(whole.subarray(0, cut), 11, uncompressed)
      assert.deepEqual([read.map(({ offset }) => offset), next], [[11], 12])
    }
    assert.deepEqual(decodeBatches(whole, 21, uncompressed), { records: [], next: 21 })
  })

  test('a topic whose broker compresses, and control records', () => {
    const all = Array.from({ length: 20 }, (_, i) => ({ key: `k${i}`, value: Buffer.from(`v${i}`) }))
    const plain = stored(encodeBatch(all, stamp, 5, crc32c), 0)
    const body = gzipSync(plain.subarray(61))
    const packed = Buffer.concat([plain.subarray(0, 61), body])
    packed.writeInt32BE(packed.length - 12, 8)
    packed.writeInt16BE(1, 21)
    const unpack = (compression: number, bytes: Buffer) => {
      assert.equal(compression, 1)
      return driver.compressionsAlgorithms.gzip.decompressSync(bytes)
    }
    assert.deepEqual(decodeBatches(packed, 0, unpack), decodeBatches(plain, 0, uncompressed))
    const control = Buffer.from(plain)
    control.writeInt16BE(32, 21)
    assert.deepEqual(decodeBatches(control, 0, uncompressed), { records: [], next: 20 })
  })
})
