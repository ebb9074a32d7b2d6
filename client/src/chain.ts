import type { StreamPosition } from '@headwater/protocol'
import type { ChainFrame } from './frame.ts'

/**
 * What to do with a frame: `take` it; `drop` it, because it was there before; or the chain is `broken`: something
 * between the last frame and this one is missing, and only asking again from the last good position brings it.
 */
export type Link = 'take' | 'drop' | 'broken'

/** Checks that nothing is missing: each frame names the one before it. One chain is one connection. */
export class Chain {
  #last: StreamPosition

  /** `start` is where the server said that the connection begins: `from_seq` of `hello`. */
  constructor(start: StreamPosition) {
    this.#last = start
  }

  get last(): StreamPosition {
    return this.#last
  }

  next(frame: ChainFrame): Link {
    if (frame.epoch !== this.#last.epoch) return 'broken'
    if (frame.seq <= this.#last.seq) return 'drop'
    if (frame.prev_seq !== this.#last.seq) return 'broken'
    this.#last = { epoch: frame.epoch, seq: frame.seq }
    return 'take'
  }

  /** After `reset`: the chain goes on from another position. */
  restart(from: StreamPosition): void {
    this.#last = from
  }
}
