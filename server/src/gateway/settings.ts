import { limits, pingIntervalMs, silenceTimeoutMs } from '@headwater/protocol'

export interface GatewaySettings {
  /** Name of this server in the session registry. */
  readonly node: string
  /** Origins whose pages may open sockets, besides the server's own. */
  readonly allowedOrigins: readonly string[]
  readonly pingIntervalMs: number
  readonly silenceTimeoutMs: number
  readonly authTimeoutMs: number
  /** How long a socket with its token in the header may take to say where to resume, before it is started without. */
  readonly headerGraceMs: number
  readonly socketsPerUser: number
  readonly maxSockets: number
  readonly upgradesPerS: number
  readonly upgradeBurst: number
  readonly clientFramesPerS: number
  readonly clientFrameBurst: number
  /** Frames that are refused before the socket is closed. */
  readonly badFramesMax: number
  readonly outboundBytes: number
  readonly outboundFrames: number
  /** How long a client may have more waiting than that: the time in which one that reads takes a burst. */
  readonly overflowMs: number
  /** What a socket has to catch up may exceed the queue, but not for longer than this. */
  readonly backlogMs: number
  /** How long a client that reads may take to answer the end of its socket. */
  readonly farewellMs: number
  /** The same for one that did not read: the time in which it may read on and learn why. */
  readonly slowFarewellMs: number
  readonly ackFlushMs: number
  readonly registryRefreshMs: number
  readonly registryTtlMs: number
  /** Sockets that may read from the stores at the same time, to start or to catch up. */
  readonly storeConcurrency: number
  readonly drainMs: number
}

export const gatewayDefaults: Omit<GatewaySettings, 'node'> = {
  allowedOrigins: [],
  pingIntervalMs,
  silenceTimeoutMs,
  authTimeoutMs: 10_000,
  headerGraceMs: 200,
  socketsPerUser: limits.socketsPerUser,
  maxSockets: 50_000,
  upgradesPerS: 2_000,
  upgradeBurst: 10_000,
  clientFramesPerS: 50,
  clientFrameBurst: 100,
  badFramesMax: 10,
  outboundBytes: limits.outboundBytes,
  outboundFrames: limits.outboundFrames,
  overflowMs: 1_000,
  backlogMs: 30_000,
  farewellMs: 4_000,
  slowFarewellMs: 30_000,
  ackFlushMs: 1_000,
  registryRefreshMs: 30_000,
  registryTtlMs: 90_000,
  storeConcurrency: 64,
  drainMs: 10_000,
}
