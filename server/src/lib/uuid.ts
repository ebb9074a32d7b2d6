import { hash } from 'node:crypto'
import type { Clock, Random } from './seams.ts'
import { isCanonicalUuid, uuidText } from './uuid-bytes.ts'

/** True for a UUIDv7 in lower-case canonical form. */
export const isUuidV7 = (text: string): boolean =>
  isCanonicalUuid(text) && text[14] === '7' && '89ab'.includes(text[19] as string)

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

/**
 * The same id for the same time and text: a retry that repeats them repeats the id. Of one time, an id with a higher `place`,
 * up to 4,095, is the higher one.
 */
export function derivedUuidV7(time: number, text: string, place?: number): string {
  const digest = hash('sha256', text, 'buffer')
  return assemble(time, place ?? digest.readUInt16BE(8) & 0xfff, digest.subarray(0, 8))
}

const bytes = new Uint8Array(16)

function assemble(time: number, counter: number, tail: Uint8Array): string {
  const ms = Math.floor(time)
  const high = Math.floor(ms / 2 ** 24)
  const low = ms - high * 2 ** 24
  for (let i = 0; i < 3; i++) {
    bytes[i] = high >> (16 - 8 * i)
    bytes[3 + i] = low >> (16 - 8 * i)
  }
  bytes[6] = 0x70 | (counter >> 8)
  bytes[7] = counter
  for (let i = 0; i < 8; i++) bytes[8 + i] = tail[i] ?? 0
  bytes[8] = 0x80 | ((tail[0] ?? 0) & 0x3f)
  return uuidText(bytes)
}
