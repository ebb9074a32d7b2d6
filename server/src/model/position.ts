import type { Offset, Seq } from './ids.ts'

/**
 * A `seq` packs the epoch of the log and the offset in the partition into one number below 2^53: 13 bits and 40 bits.
 * One user's records lie in one partition, so the user's `seq`s rise in the order of the log; they are not dense.
 */
const offsetSpan = 2 ** 40
export const maxEpoch = 2 ** 13 - 1

export function toSeq(epoch: number, offset: Offset): Seq {
  if (epoch < 0 || epoch > maxEpoch) throw new RangeError(`log epoch ${epoch} is outside 0–${maxEpoch}`)
  if (offset < 0 || offset >= offsetSpan - 1) throw new RangeError(`log offset ${offset} is outside a partition`)
  return epoch * offsetSpan + offset + 1
}

export const offsetOf = (seq: Seq): Offset => (seq % offsetSpan) - 1
export const epochOf = (seq: Seq): number => Math.floor(seq / offsetSpan)

/** The `seq` before all of an epoch's: what the views of earlier epochs are at or below. */
export const epochStart = (epoch: number): Seq => epoch * offsetSpan
