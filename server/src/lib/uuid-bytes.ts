/** Where each of the 16 bytes stands in the canonical form. */
const places = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]
const digits = Buffer.from('0123456789abcdef')
/** What a character is worth, by its code; 255 for those that are no lower-case digit. */
const worths = new Uint8Array(256).fill(255)
for (const [worth, code] of digits.entries()) worths[code] = worth

const worthAt = (text: string, at: number): number => worths[text.charCodeAt(at)] ?? 255

/** Writes a UUID in canonical form as 16 bytes in network order; returns where they end. */
export function writeUuid(uuid: string, into: Uint8Array, at: number): number {
  for (let i = 0; i < 16; i++) {
    const place = places[i] as number
    into[at + i] = (worthAt(uuid, place) << 4) | worthAt(uuid, place + 1)
  }
  return at + 16
}

const canonical = Buffer.from('00000000-0000-0000-0000-000000000000')

/** The canonical form of 16 bytes. Made in one piece: whoever compares texts of many pieces puts them together first. */
export function uuidText(bytes: Uint8Array): string {
  for (let i = 0; i < 16; i++) {
    const place = places[i] as number
    const byte = bytes[i] as number
    canonical[place] = digits[byte >> 4] as number
    canonical[place + 1] = digits[byte & 15] as number
  }
  return canonical.toString('latin1')
}

/** True for lower-case digits in canonical form. */
export function isCanonicalUuid(text: string): boolean {
  if (text.length !== 36) return false
  let all = 0
  for (let i = 0; i < 16; i++) {
    const place = places[i] as number
    all |= worthAt(text, place) | worthAt(text, place + 1)
  }
  return all < 16 && text[8] === '-' && text[13] === '-' && text[18] === '-' && text[23] === '-'
}
