import { writeUuid } from '../lib/uuid-bytes.ts'

/** Texts up to this many code units have a length of one byte, if they are ASCII. */
const shortText = 63
const usualBytes = 64 * 1024
/** Memory that grew past this for one batch is let go. */
const keptBytes = 2 ** 20
const longestLong = 10

/** Avro values, one behind the other, in memory that grows and is used again. */
export class AvroBytes {
  #bytes = Buffer.allocUnsafeSlow(usualBytes)
  #end = 0

  get end(): number {
    return this.#end
  }

  /** Begins anew. */
  clear(): void {
    this.#end = 0
    if (this.#bytes.length > keptBytes) this.#bytes = Buffer.allocUnsafeSlow(usualBytes)
  }

  /** A copy of everything that was written, in memory of its own. */
  copy(): Uint8Array<ArrayBuffer> {
    const copy = new Uint8Array(this.#end)
    copy.set(this.#bytes.subarray(0, this.#end))
    return copy
  }

  /** Of an int, a long, an enum or the branch of a union: zigzag, seven bits a byte, the lowest first. */
  long(value: number): void {
    this.#reserve(longestLong)
    let rest = value < 0 ? -2 * value - 1 : 2 * value
    while (rest > 0x7f) {
      const higher = Math.floor(rest / 0x80)
      this.#bytes[this.#end++] = (rest - higher * 0x80) | 0x80
      rest = higher
    }
    this.#bytes[this.#end++] = rest
  }

  text(value: string): void {
    if (!this.#asciiText(value)) this.#anyText(value)
  }

  /** As a fixed value of 16 bytes. */
  uuid(value: string): void {
    this.#reserve(16)
    this.#end = writeUuid(value, this.#bytes, this.#end)
  }

  /** What is encoded already. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#end)
    this.#end += bytes.length
  }

  /** Most texts are short and plain: for them a call into the runtime costs more than the text. */
  #asciiText(value: string): boolean {
    const { length } = value
    if (length > shortText) return false
    this.#reserve(1 + shortText)
    let at = this.#end + 1
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code > 0x7f) return false
      this.#bytes[at++] = code
    }
    this.#bytes[this.#end] = 2 * length
    this.#end = at
    return true
  }

  #anyText(value: string): void {
    const length = Buffer.byteLength(value)
    this.long(length)
    this.#reserve(length)
    this.#end += this.#bytes.write(value, this.#end, length, 'utf8')
  }

  #reserve(length: number): void {
    if (this.#end + length <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(2 * (this.#end + length))
    this.#bytes.copy(larger, 0, 0, this.#end)
    this.#bytes = larger
  }
}
