import type { Seq } from '../model/ids.ts'

/** What carries frames to one client: a WebSocket, or an event stream over HTTP. */
export interface Transport {
  /** True when the client sends nothing by itself, so that its silence means nothing. */
  readonly oneWay: boolean
  /** False while the transport holds more than it likes to; the session is told through `drained()` when it may go on. */
  readonly writable: boolean
  /** Bytes that were sent and have not left the process. */
  readonly bufferedBytes: number
  /** `id` is the position that a client which got this frame may resume from; `null` = it stays where it was. */
  send(text: string, type: string, id: Seq | null): void
  /** Says that the server is alive, and asks for a sign of life where the transport can. */
  ping(): void
  close(code: number, reason: string): void
  /** Gives up without a word. */
  terminate(): void
  /** Several frames between these two leave together. */
  cork(): void
  uncork(): void
}
