import type { FrameErrorCode } from './error-codes.ts'
import type { ActivityGroup, Counts } from './group.ts'

/** A position in one user's activity stream. Positions of another epoch mean nothing. */
export interface StreamPosition {
  readonly epoch: string
  readonly seq: number
}

/** Frames a client sends. Text frames, JSON, at most 64 KiB. */
export type ClientFrame =
  | {
      readonly type: 'auth'
      readonly token?: string
      readonly device_id?: string
      readonly resume?: StreamPosition
      /** Whom an API key acts for. */
      readonly user_id?: string
    }
  | { readonly type: 'ack'; readonly seq: number }
  | { readonly type: 'ping' }

/** The first frame to a socket whose token is good. The counts are those at `seq`. */
export interface HelloFrame extends Counts {
  readonly type: 'hello'
  readonly session_id: string
  readonly user_id: string
  readonly epoch: string
  /** Where the chain starts: the first frame with a `seq` has this as its `prev_seq`. */
  readonly from_seq: number
  /** Where catching up ends. */
  readonly seq: number
  /** The server pings so often. */
  readonly ping_interval_ms: number
  /** Without a sign of life for so long either side takes the connection for dead. */
  readonly timeout_ms: number
}

/** What frames of the activity stream have in common. The counts are those at `counts_seq`, never older than `seq`. */
export interface StreamFrame extends Counts {
  readonly epoch: string
  readonly seq: number
  /** The `seq` of the stream frame before this one on the same socket. */
  readonly prev_seq: number
  readonly counts_seq: number
}

/** A group that this socket was not told of before. */
export interface GroupCreatedFrame extends StreamFrame {
  readonly type: 'activity_group_created'
  readonly group: ActivityGroup
}

/** A newer state of a group that this socket was told of. */
export interface GroupUpdatedFrame extends StreamFrame {
  readonly type: 'activity_group_updated'
  readonly group: ActivityGroup
}

/** A group was deleted, or all its actors took back. */
export interface GroupRemovedFrame extends StreamFrame {
  readonly type: 'activity_group_removed'
  readonly group_id: string
}

/** What a mark covers: one of the two. */
export type MarkScope =
  | { readonly all_up_to_seq: number }
  | { readonly group_ids: readonly string[]; readonly up_to_seq: number }

/** Something was marked read or seen, here or on another device. `read` implies `seen` of the same scope. */
export interface ReadStateFrame extends StreamFrame {
  readonly type: 'read_state'
  readonly read: MarkScope | null
  readonly seen: MarkScope | null
}

/** The server cannot tell what changed since the client's position: read the list anew. The chain goes on from `seq`. */
export interface ResetFrame {
  readonly type: 'reset'
  readonly reason: 'epoch_changed' | 'position_unknown' | 'too_far_behind' | 'slow_consumer'
  readonly epoch: string
  readonly seq: number
}

/** A frame of the client was refused. The socket stays open, until there are too many. */
export interface ErrorFrame {
  readonly type: 'error'
  /** One of `frameErrors`; a newer server may send others. */
  readonly code: FrameErrorCode | (string & {})
  readonly detail: string
}

/** The answer to `ping`. */
export interface PongFrame {
  readonly type: 'pong'
}

/** The server is about to close this socket. */
export interface ServerClosingFrame {
  readonly type: 'server_closing'
  /** Wait about this long, with jitter, before reconnecting. */
  readonly retry_after_ms: number
}

/** Frames a server sends. A client ignores types that it does not know. */
export type ServerFrame =
  | HelloFrame
  | GroupCreatedFrame
  | GroupUpdatedFrame
  | GroupRemovedFrame
  | ReadStateFrame
  | ResetFrame
  | ErrorFrame
  | PongFrame
  | ServerClosingFrame

/** How often the server pings, milliseconds. */
export const pingIntervalMs = 20_000
/** Milliseconds without a sign of life after which either side takes the connection for dead. */
export const silenceTimeoutMs = 60_000
