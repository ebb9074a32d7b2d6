import { type CloseReason, closeCodes, type FrameErrorCode, type ResetFrame } from '@headwater/protocol'
import type { DeviceId, Seq, UserId } from '../model/ids.ts'
import type { SocketPrincipal } from './access.ts'
import { type AuthFrame, parseClientFrame } from './client-frame.ts'
import { OutboundQueue, type OutboundRules } from './outbound-queue.ts'
import { errorFrame, type PlainFrame, pongFrame, resetFrame } from './plain-frames.ts'
import type { StreamBatch } from './stream-frames.ts'
import { TokenBucket } from './token-bucket.ts'
import type { Transport } from './transport.ts'

/** What all sessions of a gateway share. */
export interface SessionHost extends OutboundRules {
  readonly epoch: string
  readonly clientFramesPerS: number
  readonly clientFrameBurst: number
  readonly badFramesMax: number
  /** Milliseconds that never go back. */
  now(): number
  authenticate(session: Session, frame: AuthFrame): void
  acked(session: Session, seq: Seq): void
  /** More waits for it than may. */
  overflowed(session: Session): void
  /** A mistake of ours, met while a frame of the client was taken. */
  failed(error: unknown): void
  /** Nothing more is sent to it. `reason`: why the server closes it; nothing when it is the client who left. */
  ended(session: Session, reason?: CloseReason): void
  /** Its transport is gone too. */
  gone(session: Session): void
}

/**
 * One client's connection, over whatever transport.
 *
 * - `waiting`: opened, and nobody knows yet whose it is or where it goes on.
 * - `starting`: its user is known and the stores are asked what it has missed. What comes meanwhile is not lost: the
 *   channel of the user remembers how far the stream is known to go.
 * - `live`: it was told of everything up to `position`, and frames follow as things happen.
 * - `ended`: closed by either side. Nothing is sent any more.
 *
 * An `auth` frame on a live session starts it anew, from where that frame says.
 */
export class Session {
  readonly id: string
  readonly transport: Transport
  readonly locale: string | null
  /** The user that the opening request named beside its credential. */
  readonly actingAs: UserId | null
  readonly openedAt: number
  phase: 'waiting' | 'starting' | 'live' | 'ended' = 'waiting'
  principal: SocketPrincipal | null = null
  device: DeviceId | null = null
  /** Everything at or below it was sent, or waits to be, or never had a frame. */
  position: Seq = 0
  /** Which start is running; an older one that comes back finds that it is not this. */
  startNumber = 0
  lastLifeAt: number
  nextPingAt = 0
  /** The beat of the heartbeat that looks at this session next. */
  dueBeat = 0
  backlogSince = 0
  readonly #host: SessionHost
  readonly #queue: OutboundQueue
  readonly #bucket: TokenBucket
  /** Since when more waits than may; `null` when it does not. */
  #overSince: number | null = null
  #badFrames = 0
  #acked: Seq = -1

  constructor(
    host: SessionHost,
    transport: Transport,
    opening: { readonly id: string; readonly locale: string | null; readonly actingAs: UserId | null },
  ) {
    this.#host = host
    this.transport = transport
    this.id = opening.id
    this.locale = opening.locale
    this.actingAs = opening.actingAs
    this.openedAt = this.lastLifeAt = host.now()
    this.#queue = new OutboundQueue(transport, host)
    this.#bucket = new TokenBucket(host.clientFramesPerS, host.clientFrameBurst, this.openedAt)
  }

  /** The user, of a session that has one. */
  get user(): UserId {
    if (!this.principal) throw new Error('The session has no user yet')
    return this.principal.user
  }

  get hasBacklog(): boolean {
    return this.#queue.hasBacklog
  }

  get queuedFrames(): number {
    return this.#queue.frames
  }

  /** The client sent something; `null` = bytes that are not text. */
  receive(text: string | null): void {
    try {
      this.#take(text)
    } catch (error) {
      // Whatever a client sends, it is the only one to notice.
      this.#host.failed(error)
      this.close('overloaded')
    }
  }

  #take(text: string | null): void {
    if (!this.#admit()) return
    if (text === null) {
      this.refuse('bad_frame', 'Binary frames are not understood: send JSON as text.')
      return
    }
    const frame = parseClientFrame(text)
    if (frame.userId !== null && this.principal && frame.userId !== this.principal.user) {
      this.refuse('forbidden', 'A socket shows the stream of its own user alone.')
      return
    }
    switch (frame.type) {
      case 'wrong':
        this.refuse('bad_frame', frame.problem)
        break
      case 'ping':
        this.send(pongFrame)
        break
      case 'auth':
        this.#host.authenticate(this, frame)
        break
      case 'ack':
        this.#ack(frame.seq)
        break
    }
  }

  /** A ping of the transport; false when it is one too many, and not to be answered. */
  pinged(): boolean {
    return this.#admit() && this.transport.writable
  }

  alive(): void {
    this.lastLifeAt = this.#host.now()
  }

  /** The client did something wrong that it may do a few times. */
  refuse(code: FrameErrorCode, detail: string, closesWith: CloseReason = 'bad_frame'): void {
    this.send(errorFrame(code, detail))
    if (++this.#badFrames >= this.#host.badFramesMax) this.close(closesWith)
  }

  send(frame: PlainFrame): void {
    if (this.phase === 'ended') return
    this.#queue.sendPlain(frame)
    this.#lookForOverflow()
  }

  /** Begins the chain, at first or anew; what waited of the one before is forgotten. */
  begin(hello: PlainFrame, position: Seq): void {
    this.#queue.dropStream()
    this.#lookForRoom()
    this.send(hello)
    this.position = position
    this.#acked = Math.min(this.#acked, position)
  }

  /** The client must read everything anew; the chain goes on from `seq`. */
  reset(reason: ResetFrame['reason'], seq: Seq): void {
    this.#queue.dropStream()
    this.#lookForRoom()
    this.send(resetFrame(reason, this.#host.epoch, seq))
    this.position = seq
  }

  /** Sends what the client does not have yet. `catchingUp`: it may be more than the queue holds otherwise. */
  deliver(batch: StreamBatch, catchingUp: boolean): void {
    const known = this.position
    const areMany = batch.entries.length > 1
    if (areMany) this.transport.cork()
    for (const entry of batch.entries) {
      if (entry.seq <= known) continue
      const created = entry.kind === 'group' && entry.visibleSince > known
      this.#queue.sendEntry(entry, created, catchingUp, batch.acceptedAt)
    }
    if (areMany) this.transport.uncork()
    this.#lookForOverflow()
    this.position = Math.max(known, batch.to)
    if (this.hasBacklog && catchingUp) this.backlogSince = this.#host.now()
  }

  /** The transport takes frames again. */
  drained(): void {
    if (this.phase === 'ended') return
    if (this.transport.oneWay) this.alive()
    this.#queue.flush()
    this.#lookForRoom()
  }

  /**
   * A client that reads takes a burst of any legal size within moments, one that does not never does. So who is over the
   * bounds is given the time that the host allows, and closed when it was over them all the while.
   */
  #lookForOverflow(): void {
    if (this.phase === 'ended' || !this.#queue.isOver) return
    if (this.#queue.isFarOver) this.close('slow_consumer')
    else if (this.#overSince === null) {
      this.#overSince = this.#host.now()
      this.#host.overflowed(this)
    }
  }

  #lookForRoom(): void {
    if (!this.#queue.isOver) this.#overSince = null
  }

  /** Closes a session that was over the bounds for all of this time. */
  closeIfOver(ms: number): void {
    // The transport tells when it is empty, and not when it has become less full.
    this.#lookForRoom()
    const isOver = this.#overSince !== null && this.#host.now() - this.#overSince >= ms
    if (isOver && this.phase !== 'ended') this.close('slow_consumer')
  }

  close(reason: CloseReason): void {
    if (this.phase === 'ended') return
    this.#end(reason)
    this.transport.close(closeCodes[reason], reason)
  }

  /** The transport is gone. */
  lost(): void {
    if (this.phase !== 'ended') this.#end()
    this.#host.gone(this)
  }

  #end(reason?: CloseReason): void {
    this.phase = 'ended'
    this.#queue.clear()
    this.#host.ended(this, reason)
  }

  #admit(): boolean {
    if (this.phase === 'ended') return false
    const now = this.#host.now()
    this.lastLifeAt = now
    if (this.#bucket.take(now)) return true
    // Who comes back gets another chance: it is no fault of the token.
    this.refuse('rate_limited', 'Too many frames: slow down.', 'overloaded')
    return false
  }

  #ack(seq: number): void {
    const wasSent = Number.isSafeInteger(seq) && seq >= 0 && seq <= this.#queue.chain
    if (wasSent) {
      // One for each frame that was sent is no flood, however many were sent.
      if (seq > this.#acked) this.#bucket.giveBack()
      this.#acked = Math.max(seq, this.#acked)
      this.#host.acked(this, seq)
    } else this.refuse('invalid_seq', 'Only a position that was sent on this socket can be acknowledged.')
  }
}
