import { createHash } from 'node:crypto'
import type { Clock, Random } from './seams.ts'

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** True for a UUIDv7 in lower-case canonical form. */
export const isUuidV7 = (text: string): boolean => pattern.test(text)

/** Milliseconds since 1970 that a UUIDv7 carries (RFC 9562, section 5.7). */
export const uuidTime = (uuid: string): number => Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16)

/**
 * UUIDv7s that rise even within a millisecond and when the clock goes back: the time never falls, and the 12 bits behind
 * it count (RFC 9562, section 6.2, method 1); when they run over, the time is moved on by a millisecond.
 */
export function createUuidV7(clock: Clock, random: Random): () => string {
  let last = 0
  let counter = 0
  return () => {
    const now = clock.now()
    if (now > last) {
      last = now
      counter = Math.floor(random.next() * 0x400)
    } else if (++counter > 0xfff) {
      last++
      counter = 0
    }
    return assemble(last, counter, random.bytes(8))
  }
}

/** The same id for the same time and text: a retry that repeats them repeats the id. */
export function derivedUuidV7(time: number, text: string): string {
  const digest = createHash('sha256').update(text).digest()
  return assemble(time, digest.readUInt16BE(8) & 0xfff, digest.subarray(0, 8))
}

function assemble(time: number, counter: number, tail: Uint8Array): string {
  const head = Math.floor(time).toString(16).padStart(12, '0')
  const rest = Buffer.from(tail)
  rest[0] = ((rest[0] ?? 0) & 0x3f) | 0x80
  const hex = rest.toString('hex')
  const count = counter.toString(16).padStart(3, '0')
  return `${head.slice(0, 8)}-${head.slice(8)}-7${count}-${hex.slice(0, 4)}-${hex.slice(4)}`
}
