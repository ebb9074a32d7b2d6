import type { ClientFrame, StreamPosition } from '@headwater/protocol'
import type { HeadwaterError } from './error.ts'
import type { Frame } from './frame.ts'

/** Why a connection ended. */
export interface TransportEnd {
  readonly error: HeadwaterError
  /** The server refused the token: never again with the same one. */
  readonly fatal: boolean
  /** It was not the token, but what was asked: never again with another one either. */
  readonly permanent?: boolean
  /** The server was there and said so, as opposed to a network that swallowed the attempt. */
  readonly answered: boolean
}

export interface TransportHandlers {
  frame(frame: Frame): void
  /** Something came, be it only a heartbeat. */
  heard(): void
  /** Called once, never after `close`. */
  ended(end: TransportEnd): void
}

/** How to introduce oneself. Without `resume` the server begins where the device left off, or with its offline queue. */
export interface Introduction {
  readonly token: string
  readonly deviceId: string | undefined
  readonly resume: StreamPosition | null
}

/** One connection on which frames come. */
export interface Transport {
  /** Sends a frame if this kind of connection can, and if it is open. Tells whether it went out. */
  send(frame: ClientFrame): boolean
  /** Ends it; no handler is called any more. */
  close(): void
}

export type OpenTransport = (introduction: Introduction, handlers: TransportHandlers) => Transport
