import type { Offset, Partition } from '../../model/ids.ts'
import type { FetchedRecord } from './client.ts'

/** A partition that this worker has, or lets go of. */
export interface Share {
  readonly partition: Partition
  /**
   * `starting` until it is known where to begin; `ready` until the worker is told; `owned` from then on; `leaving` when the
   * worker was told to let go and has not yet.
   */
  state: 'starting' | 'ready' | 'owned' | 'leaving'
  from: Offset
  committed: Offset
  /** Fetched and not given yet. */
  readonly fetched: FetchedRecord[]
  /** Records of `fetched` before it are given. */
  first: number
}

export const newShare = (partition: Partition): Share => ({
  partition,
  state: 'starting',
  from: 0,
  committed: 0,
  fetched: [],
  first: 0,
})

/** Of one partition in one poll, so that a long one does not starve the others. */
const turn = 500

/** Records that were fetched and not given yet, bounded by who asks `room`. */
export class FetchedRecords {
  readonly #maxBytes: number
  readonly #maxRecords: number
  /** With records; who was served goes to the end. */
  readonly #filled = new Set<Share>()
  #bytes = 0
  #records = 0

  constructor(maxBytes: number, maxRecords: number) {
    this.#maxBytes = maxBytes
    this.#maxRecords = maxRecords
  }

  get room(): number {
    return this.#records < this.#maxRecords ? Math.max(this.#maxBytes - this.#bytes, 0) : 0
  }

  add(share: Share, records: readonly FetchedRecord[]): void {
    for (const record of records) {
      share.fetched.push(record)
      this.#bytes += sizeOf(record)
    }
    this.#records += records.length
    this.#filled.add(share)
  }

  drop(share: Share): void {
    for (let i = share.first; i < share.fetched.length; i++) this.#leave(share.fetched[i] as FetchedRecord)
    share.fetched.length = 0
    share.first = 0
    this.#filled.delete(share)
  }

  /** Up to `max` records of owned shares, each with its partition. */
  take(max: number, give: (partition: Partition, record: FetchedRecord) => void): number {
    let left = max
    for (const share of [...this.#filled]) {
      if (left === 0) break
      if (share.state !== 'owned') continue
      const end = Math.min(share.fetched.length, share.first + Math.min(left, turn))
      left -= end - share.first
      for (; share.first < end; share.first++) {
        const record = share.fetched[share.first] as FetchedRecord
        this.#leave(record)
        give(share.partition, record)
      }
      this.#filled.delete(share)
      if (share.first < share.fetched.length) this.#filled.add(share)
      if (share.first > turn * 8 || share.first === share.fetched.length) {
        share.fetched.splice(0, share.first)
        share.first = 0
      }
    }
    return max - left
  }

  #leave(record: FetchedRecord): void {
    this.#bytes -= sizeOf(record)
    this.#records--
  }
}

const sizeOf = ({ key, value }: FetchedRecord): number => key.length + (value?.length ?? 0) + 64
