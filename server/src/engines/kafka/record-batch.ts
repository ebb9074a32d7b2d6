import type { Offset } from '../../model/ids.ts'
import type { FetchedRecord, NewRecord } from './client.ts'

/**
 * Kafka's record batches, version 2, as bytes and back. The driver has the same, field by field through a growing buffer;
 * here a batch is one buffer whose size is known before, at a fifth of the time.
 */

export interface BatchStamp {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly sequence: number
}

const headerBytes = 61
/** What a record adds to its key and value at most: lengths, deltas, attributes, header count. */
export const recordOverhead = 24

const at = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  sequence: 53,
  count: 57,
} as const

const compressionBits = 0b111
const logAppendTimeBit = 0b1000
const controlBit = 0b100000

/** A byte for every code unit: what is longer than that is not ASCII. */
const utf8 = (text: string) => Buffer.byteLength(text)

export function encodeBatch(
  records: readonly NewRecord[],
  stamp: BatchStamp,
  timestamp: number,
  crc32c: (bytes: Uint8Array) => number,
): Buffer {
  let size = headerBytes
  for (const { key, value } of records) size += utf8(key) + value.length + recordOverhead
  const bytes = Buffer.allocUnsafe(size)
  let end = headerBytes
  for (let i = 0; i < records.length; i++) end = writeRecord(bytes, end, i, records[i] as NewRecord)
  bytes.writeBigInt64BE(0n, at.baseOffset)
  bytes.writeInt32BE(end - at.leaderEpoch, at.length)
  bytes.writeInt32BE(-1, at.leaderEpoch)
  bytes.writeInt8(2, at.magic)
  bytes.writeInt16BE(0, at.attributes)
  bytes.writeInt32BE(records.length - 1, at.lastOffsetDelta)
  bytes.writeBigInt64BE(BigInt(timestamp), at.baseTimestamp)
  bytes.writeBigInt64BE(BigInt(timestamp), at.maxTimestamp)
  bytes.writeBigInt64BE(stamp.producerId, at.producerId)
  bytes.writeInt16BE(stamp.producerEpoch, at.producerEpoch)
  bytes.writeInt32BE(stamp.sequence, at.sequence)
  bytes.writeInt32BE(records.length, at.count)
  bytes.writeUInt32BE(crc32c(bytes.subarray(at.attributes, end)) >>> 0, at.crc)
  return bytes.subarray(0, end)
}

function writeRecord(bytes: Buffer, from: number, delta: number, { key, value }: NewRecord): number {
  const keyBytes = utf8(key)
  // Attributes and timestamp delta are one zero byte each, and so is the number of headers at the end.
  const body = 2 + varintSize(delta) + varintSize(keyBytes) + keyBytes + varintSize(value.length) + value.length + 1
  let end = writeVarint(bytes, from, body)
  bytes[end++] = 0
  bytes[end++] = 0
  end = writeVarint(bytes, end, delta)
  end = writeVarint(bytes, end, keyBytes)
  end += bytes.write(key, end)
  end = writeVarint(bytes, end, value.length)
  bytes.set(value, end)
  end += value.length
  bytes[end++] = 0
  return end
}

export type Decompress = (compression: number, bytes: Buffer) => Buffer

/** The records at `from` and behind it, and where to read on. A batch that was cut off is left for the next fetch. */
export function decodeBatches(
  bytes: Buffer,
  from: Offset,
  decompress: Decompress,
): { readonly records: FetchedRecord[]; readonly next: Offset } {
  const records: FetchedRecord[] = []
  let next = from
  let start = 0
  while (start + headerBytes <= bytes.length) {
    const end = start + at.leaderEpoch + bytes.readInt32BE(start + at.length)
    if (end > bytes.length) break
    const batch = bytes.subarray(start, end)
    const baseOffset = Number(batch.readBigInt64BE(at.baseOffset))
    const last = baseOffset + batch.readInt32BE(at.lastOffsetDelta)
    if (last >= from) {
      decodeBatch(batch, baseOffset, from, decompress, records)
      next = Math.max(next, last + 1)
    }
    start = end
  }
  return { records, next }
}

function decodeBatch(batch: Buffer, base: Offset, from: Offset, decompress: Decompress, into: FetchedRecord[]): void {
  const attributes = batch.readInt16BE(at.attributes)
  if ((attributes & controlBit) !== 0) return
  const broker = (attributes & logAppendTimeBit) !== 0
  const time = Number(batch.readBigInt64BE(broker ? at.maxTimestamp : at.baseTimestamp))
  const count = batch.readInt32BE(at.count)
  const compression = attributes & compressionBits
  const body = batch.subarray(headerBytes)
  const bytes = compression === 0 ? body : decompress(compression, body)
  const reader = new RecordReader(bytes)
  for (let i = 0; i < count; i++) {
    const record = reader.record(base, time, broker)
    if (record.offset >= from) into.push(record)
  }
}

class RecordReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  record(base: Offset, time: number, broker: boolean): FetchedRecord {
    const length = this.#varint()
    const end = this.#at + length
    this.#at++
    const timeDelta = this.#varint()
    const offset = base + this.#varint()
    const keyLength = this.#varint()
    const key = keyLength > 0 ? this.#text(keyLength) : ''
    const valueLength = this.#varint()
    const value = valueLength < 0 ? null : this.#bytes.subarray(this.#at, this.#at + valueLength)
    this.#at = end
    return { offset, appendedAt: broker ? time : time + timeDelta, key, value }
  }

  #text(length: number): string {
    const start = this.#at
    this.#at += length
    return this.#bytes.toString('utf8', start, this.#at)
  }

  /** Zigzag; by multiplication past 28 bits, since a time's delta may be longer than 32. */
  #varint(): number {
    const bytes = this.#bytes
    let byte = bytes[this.#at++] as number
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1)
    let value = byte & 0x7f
    let factor = 0x80
    do {
      byte = bytes[this.#at++] as number
      value += (byte & 0x7f) * factor
      factor *= 0x80
    } while (byte >= 0x80)
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value * 2; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}

/** Of a length or delta, which is never negative. */
function writeVarint(bytes: Buffer, from: number, value: number): number {
  let end = from
  let rest = value * 2
  while (rest >= 0x80) {
    bytes[end++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  bytes[end++] = rest
  return end
}
