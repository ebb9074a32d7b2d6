import type { Socket } from 'node:net'

/** What holds for bytes in one direction. */
export interface Flow {
  /** Bytes wait, as on a line that is broken somewhere; they go on when it is mended, unless an end gave up. */
  readonly isStalled: boolean
  readonly latencyMs: number
  /** On top of it, at most. */
  readonly jitterMs: number
  /** `Infinity` = as fast as it goes. */
  readonly bytesPerS: number
}

const sliceEveryMs = 20
const queueMax = 2 ** 20

/** Carries bytes from one socket to another, in order, under a flow that may change at any time. */
export class Pipe {
  readonly #from: Socket
  readonly #to: Socket
  readonly #flow: () => Flow
  readonly #carried: (bytes: number) => void
  readonly #queue: { chunk: Buffer; readonly dueAt: number }[] = []
  #queued = 0
  #lastDueAt = 0
  #timer: NodeJS.Timeout | undefined
  #hasEnded = false

  constructor(from: Socket, to: Socket, flow: () => Flow, carried: (bytes: number) => void) {
    this.#from = from
    this.#to = to
    this.#flow = flow
    this.#carried = carried
    to.on('drain', () => this.resume())
    to.on('close', () => clearTimeout(this.#timer))
  }

  push(chunk: Buffer): void {
    const { latencyMs, jitterMs } = this.#flow()
    this.#lastDueAt = Math.max(this.#lastDueAt, performance.now() + latencyMs + Math.random() * jitterMs)
    this.#queue.push({ chunk, dueAt: this.#lastDueAt })
    this.#queued += chunk.length
    if (this.#queued > queueMax) this.#from.pause()
    this.resume()
  }

  /** The end of what comes goes behind what still waits. */
  end(): void {
    this.#hasEnded = true
    this.resume()
  }

  /** Sends what may go now. */
  resume(): void {
    if (this.#timer !== undefined) return
    for (;;) {
      const { isStalled, bytesPerS } = this.#flow()
      const [head] = this.#queue
      if (isStalled || this.#to.destroyed) return
      if (head === undefined) {
        if (this.#hasEnded && this.#to.writable) this.#to.end()
        return
      }
      const waitMs = head.dueAt - performance.now()
      if (waitMs > 0) {
        this.#later(waitMs)
        return
      }
      if (this.#to.writableNeedDrain) return
      if (Number.isFinite(bytesPerS)) {
        this.#send(head, Math.max(1, Math.floor((bytesPerS * sliceEveryMs) / 1_000)))
        this.#later(sliceEveryMs)
        return
      }
      this.#send(head, head.chunk.length)
    }
  }

  #send(head: { chunk: Buffer }, bytes: number): void {
    const slice = head.chunk.subarray(0, bytes)
    head.chunk = head.chunk.subarray(bytes)
    if (head.chunk.length === 0) this.#queue.shift()
    this.#queued -= slice.length
    if (this.#queued <= queueMax) this.#from.resume()
    this.#carried(slice.length)
    this.#to.write(slice)
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.resume()
    }, Math.ceil(ms))
  }
}
