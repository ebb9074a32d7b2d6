import { createHash } from 'node:crypto'

/**
 * An estimate of how many distinct texts were added, in 4 KiB: HyperLogLog with 2^12 registers, standard error 1.04/√4096
 * = 1.6 % (Flajolet, Fusy, Gandouet, Meunier 2007). Sets that are small against the registers are counted linearly, as in
 * that paper; its correction for 32-bit hashes is not needed with 52 bits.
 */
const indexBits = 12
const size = 2 ** indexBits
const alpha = 0.7213 / (1 + 1.079 / size)

export class HyperLogLog {
  readonly #registers: Uint8Array

  constructor(registers: Uint8Array = new Uint8Array(size)) {
    if (registers.length !== size) throw new RangeError(`a HyperLogLog has ${size} registers`)
    this.#registers = registers
  }

  static fromBase64(text: string): HyperLogLog {
    return new HyperLogLog(new Uint8Array(Buffer.from(text, 'base64')))
  }

  toBase64(): string {
    return Buffer.from(this.#registers).toString('base64')
  }

  /** True when the text changed the estimate's registers, so it was certainly not in before. */
  add(text: string): boolean {
    const digest = createHash('sha256').update(text).digest()
    const index = digest.readUInt16BE(0) >>> (16 - indexBits)
    const zeros = Math.clz32(digest.readUInt32BE(2))
    const run = 1 + (zeros < 32 ? zeros : 32 + Math.clz32(digest.readUInt32BE(6)))
    if ((this.#registers[index] as number) >= run) return false
    this.#registers[index] = run
    return true
  }

  estimate(): number {
    let sum = 0
    let empty = 0
    for (const register of this.#registers) {
      sum += 2 ** -register
      if (register === 0) empty++
    }
    const raw = (alpha * size * size) / sum
    return Math.round(raw <= 2.5 * size && empty > 0 ? size * Math.log(size / empty) : raw)
  }
}
