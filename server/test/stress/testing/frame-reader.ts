export interface RawFrame {
  readonly code: number
  readonly payload: Buffer
}

/** Takes WebSocket frames of a server, which are not masked and here never in fragments, out of a stream of bytes. */
export class FrameReader {
  #rest: Buffer | null = null

  take(bytes: Buffer): readonly RawFrame[] {
    let all = this.#rest ? Buffer.concat([this.#rest, bytes]) : bytes
    const frames: RawFrame[] = []
    for (;;) {
      const size = sizeOf(all)
      if (!size || all.length < size.head + size.payload) break
      const payload = all.subarray(size.head, size.head + size.payload)
      frames.push({ code: (all[0] as number) & 0x0f, payload })
      all = all.subarray(size.head + size.payload)
    }
    // A copy: what was read in one go would be kept as a whole otherwise.
    this.#rest = all.length > 0 ? Buffer.from(all) : null
    return frames
  }
}

function sizeOf(bytes: Buffer): { readonly head: number; readonly payload: number } | undefined {
  if (bytes.length < 2) return undefined
  const short = (bytes[1] as number) & 0x7f
  if (short < 126) return { head: 2, payload: short }
  if (short === 126) return bytes.length < 4 ? undefined : { head: 4, payload: bytes.readUInt16BE(2) }
  return bytes.length < 10 ? undefined : { head: 10, payload: Number(bytes.readBigUInt64BE(2)) }
}
