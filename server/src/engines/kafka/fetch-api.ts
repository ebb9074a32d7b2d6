import type { API } from '@platformatic/kafka'
import type { Offset, Partition } from '../../model/ids.ts'
import type { Driver } from './cluster.ts'

export interface FetchAnswer {
  readonly code: number
  readonly sessionId: number
  readonly partitions: readonly FetchedPartition[]
}

export interface FetchedPartition {
  readonly partition: Partition
  readonly code: number
  /** One past the newest that may be read. */
  readonly end: Offset
  /** The oldest that is kept. */
  readonly start: Offset
  /** Record batches, the last one perhaps cut off. */
  readonly bytes: Buffer
}

export interface FetchAsked {
  readonly topicId: string
  readonly maxWaitMs: number
  readonly maxBytes: number
  readonly partitionMaxBytes: number
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly partitions: readonly (readonly [Partition, Offset])[]
  readonly forgotten: readonly Partition[]
}

export type FetchApi = API<[asked: FetchAsked], FetchAnswer>

/** The fetch request with the batches left as bytes. */
export function fetchApi({ createAPI, fetchV17 }: Driver): FetchApi {
  const { api, createRequest } = fetchV17
  function request(asked: FetchAsked) {
    const { topicId, partitionMaxBytes } = asked
    const partitions = asked.partitions.map(([partition, offset]) => ({
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: BigInt(offset),
      lastFetchedEpoch: -1,
      partitionMaxBytes,
    }))
    return createRequest(
      asked.maxWaitMs,
      1,
      asked.maxBytes,
      0,
      asked.sessionId,
      asked.sessionEpoch,
      partitions.length > 0 ? [{ topicId, partitions }] : [],
      asked.forgotten.length > 0 ? [{ topicId, partitions: [...asked.forgotten] } as never] : [],
      '',
    )
  }
  function parse(
    _id: number,
    _key: number,
    _version: number,
    reader: { buffer: { buffer: Buffer }; position: number },
  ) {
    return new AnswerReader(reader.buffer.buffer.subarray(reader.position)).answer()
  }
  return createAPI(api.key, api.version, request, parse as never) as unknown as FetchApi
}

/** Fetch, version 17. */
class AnswerReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  answer(): FetchAnswer {
    this.#at += 4
    const code = this.#int16()
    const sessionId = this.#int32()
    const partitions: FetchedPartition[] = []
    for (let topics = this.#varint() - 1; topics > 0; topics--) {
      this.#at += 16
      for (let count = this.#varint() - 1; count > 0; count--) partitions.push(this.#partition())
      this.#skipTags()
    }
    return { code, sessionId, partitions }
  }

  #partition(): FetchedPartition {
    const partition = this.#int32()
    const code = this.#int16()
    const end = this.#int64()
    this.#at += 8
    const start = this.#int64()
    for (let aborted = this.#varint() - 1; aborted > 0; aborted--) {
      this.#at += 16
      this.#skipTags()
    }
    this.#at += 4
    const size = Math.max(this.#varint() - 1, 0)
    const bytes = this.#bytes.subarray(this.#at, this.#at + size)
    this.#at += size
    this.#skipTags()
    return { partition, code, end, start, bytes }
  }

  #int16(): number {
    this.#at += 2
    return this.#bytes.readInt16BE(this.#at - 2)
  }

  #int32(): number {
    this.#at += 4
    return this.#bytes.readInt32BE(this.#at - 4)
  }

  #int64(): number {
    this.#at += 8
    return Number(this.#bytes.readBigInt64BE(this.#at - 8))
  }

  #varint(): number {
    let value = 0
    let factor = 1
    for (;;) {
      const byte = this.#bytes[this.#at++] as number
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
      factor *= 0x80
    }
  }

  #skipTags(): void {
    for (let tags = this.#varint(); tags > 0; tags--) {
      this.#varint()
      this.#at += this.#varint()
    }
  }
}
