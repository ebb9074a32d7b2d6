/** A UUID in canonical form as 16 bytes in network order, and back. */
export function uuidBytes(uuid: string): Buffer {
  const bytes = Buffer.allocUnsafe(16)
  let at = 0
  for (let i = 0; i < 36; i += 2) {
    if (uuid.charCodeAt(i) === dash) i++
    bytes[at++] = (digit(uuid.charCodeAt(i)) << 4) | digit(uuid.charCodeAt(i + 1))
  }
  return bytes
}

const dash = 0x2d
/** Of 0–9 and a–f. */
const digit = (code: number): number => (code < 0x3a ? code - 0x30 : code - 0x57)

const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function uuidText(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += '-'
    text += pairs[bytes[i] as number]
  }
  return text
}
