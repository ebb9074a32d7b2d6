/** Writes a UUID in canonical form as 16 bytes in network order; returns where they end. */
export function writeUuid(uuid: string, into: Uint8Array, at: number): number {
  let end = at
  for (let i = 0; i < 36; i += 2) {
    if (uuid.charCodeAt(i) === dash) i++
    into[end++] = (digit(uuid.charCodeAt(i)) << 4) | digit(uuid.charCodeAt(i + 1))
  }
  return end
}

const dash = 0x2d
/** Of 0–9 and a–f. */
const digit = (code: number): number => (code < 0x3a ? code - 0x30 : code - 0x57)

const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** The canonical form of 16 bytes. */
export function uuidText(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += '-'
    text += pairs[bytes[i] as number]
  }
  return text
}
