import type {
  ErrorFrame,
  FrameErrorCode,
  HelloFrame,
  PongFrame,
  ResetFrame,
  ServerClosingFrame,
} from '@headwater/protocol'
import type { Seq } from '../model/ids.ts'

/** A frame that is outside the chain. */
export interface PlainFrame {
  readonly type: string
  readonly text: string
  /** Where a client that got this frame may resume from; `null` = where it was. */
  readonly id: Seq | null
  /** Where the chain goes on from behind this frame; `null` = where it was. */
  readonly chainFrom: Seq | null
}

type PlainServerFrame = HelloFrame | ResetFrame | ErrorFrame | PongFrame | ServerClosingFrame

const plain = (frame: PlainServerFrame, id: Seq | null = null, chainFrom: Seq | null = null): PlainFrame => ({
  type: frame.type,
  text: JSON.stringify(frame),
  id,
  chainFrom,
})

export const pongFrame = plain({ type: 'pong' })

export const errorFrame = (code: FrameErrorCode, detail: string): PlainFrame => plain({ type: 'error', code, detail })

export const closingFrame = (retryAfterMs: number): PlainFrame =>
  plain({ type: 'server_closing', retry_after_ms: retryAfterMs })

export const resetFrame = (reason: ResetFrame['reason'], epoch: string, seq: Seq): PlainFrame =>
  plain({ type: 'reset', reason, epoch, seq }, seq, seq)

/**
 * Over an event stream the id of `hello` is where catching up begins, since nothing of it has arrived yet. When a reset
 * follows there is none: a client that is cut between the two must not lose the reset.
 */
export const helloFrame = (hello: Omit<HelloFrame, 'type'>, resets: boolean): PlainFrame =>
  plain({ type: 'hello', ...hello }, resets ? null : hello.from_seq, hello.from_seq)
