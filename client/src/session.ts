import type { ErrorFrame, FrameErrorCode, HelloFrame, ResetFrame } from '@headwater/protocol'
import { Chain } from './chain.ts'
import { detailOf, HeadwaterError } from './error.ts'
import { type ChainFrame, type Frame, isChainFrame } from './frame.ts'
import { type ClientSeams, cancel } from './seams.ts'
import type { Introduction, OpenTransport, Transport, TransportEnd } from './transport.ts'

/** How long a new connection may take to its `hello`. */
const helloTimeoutMs = 15_000
/** How soon something must come back when there is a reason to doubt the connection. */
const probeTimeoutMs = 5_000
/** Of doubts in so short a time the first one is enough: a page may flicker. */
const probeEveryMs = 1_000
/** Positions are acknowledged together, at most this often. */
const ackEveryMs = 1_000

/** Error frames that mean, instead of `hello`, that none will come. */
const introductionErrors: ReadonlySet<string> = new Set<FrameErrorCode>(['bad_frame', 'forbidden', 'user_required'])

type TimerName = 'hello' | 'ping' | 'silence' | 'probe' | 'ack'

export interface SessionEnd extends TransportEnd {
  /** How long it held after `hello`, in milliseconds; 0 when there was none. */
  readonly heldMs: number
  readonly helloSeen: boolean
  /** How long the server asks to stay away. */
  readonly retryAfterMs: number
}

export interface SessionHandlers {
  hello(frame: HelloFrame): void
  reset(frame: ResetFrame): void
  /** The next link of the chain: nothing is missing before it. */
  link(frame: ChainFrame): void
  /** Called once, never after `close`. */
  ended(end: SessionEnd): void
}

/**
 * One connection from its first frame to its end: it waits for `hello`, pings, listens for silence, checks the chain
 * and acknowledges. What is dead, silent or has a hole ends; whether there is a next one is its owner's business.
 */
export class Session {
  readonly #seams: ClientSeams
  readonly #handlers: SessionHandlers
  readonly #transport: Transport
  readonly #timers = new Map<TimerName, Disposable>()
  #ended = false
  #hello: HelloFrame | null = null
  #helloAt = 0
  #heardAt = { wall: 0, steady: 0 }
  /** When the first ping went out after which nothing has come yet, by the steady clock. */
  #askedAt: number | null = null
  #probedAt = Number.NEGATIVE_INFINITY
  /** What `heardAt` was when the last probe went out. */
  #heardBeforeProbe: unknown = null
  #chain: Chain | null = null
  #ackedSeq = -1
  #retryAfterMs = 0
  #serverError: string | undefined

  constructor(open: OpenTransport, introduction: Introduction, seams: ClientSeams, handlers: SessionHandlers) {
    this.#seams = seams
    this.#handlers = handlers
    this.#heard()
    this.#after('hello', helloTimeoutMs, () => this.#fail(new HeadwaterError('timeout', { detail: 'No hello came' })))
    this.#transport = open(introduction, {
      frame: (frame) => this.#receive(frame),
      heard: () => this.#heard(),
      ended: (end) => this.#end(end),
    })
  }

  /**
   * Something happened after which connections are often dead without knowing: find out soon. False if that cannot be
   * found out: before `hello`, and over server-sent events, which cannot be asked for a sign of life.
   */
  probe(): boolean {
    if (!this.#hello) return false
    if (this.#endIfSilent()) return true
    const now = this.#seams.clock.monotonic()
    const isAsked = this.#timers.has('probe') && this.#heardAt === this.#heardBeforeProbe
    if (isAsked || now - this.#probedAt < probeEveryMs) return true
    if (!this.#ping()) return false
    const before = this.#heardAt
    this.#probedAt = now
    this.#heardBeforeProbe = before
    this.#after('probe', probeTimeoutMs, () => {
      if (this.#heardAt === before) this.#fail(new HeadwaterError('timeout', { detail: 'No answer to a ping' }))
    })
    return true
  }

  /** Ends it from this side, after a last word on how far we got. */
  close(): void {
    if (this.#ended) return
    this.#acknowledge()
    this.#finish()
  }

  #receive(frame: Frame): void {
    if (this.#ended) return
    if (frame.type === 'hello') this.#greet(frame)
    if (frame.type === 'server_closing') this.#retryAfterMs = Math.max(0, frame.retry_after_ms || 0)
    if (frame.type === 'error') this.#refused(frame)
    if (!this.#chain) return
    if (frame.type === 'reset') {
      this.#chain.restart({ epoch: frame.epoch, seq: frame.seq })
      this.#handlers.reset(frame)
      this.#acknowledgeSoon()
    } else if (isChainFrame(frame)) this.#link(this.#chain, frame)
  }

  #refused({ code, detail }: ErrorFrame): void {
    this.#serverError = `${code}: ${detail}`
    if (this.#hello || !introductionErrors.has(code)) return
    const error = new HeadwaterError(code, { retryable: false, detail: detailOf(code, detail) })
    this.#serverError = undefined
    this.#end({ error, fatal: true, permanent: true, answered: true })
  }

  #greet(frame: HelloFrame): void {
    if (this.#hello) return
    this.#hello = frame
    this.#helloAt = this.#seams.clock.monotonic()
    this.#chain = new Chain({ epoch: frame.epoch, seq: frame.from_seq })
    this.#ackedSeq = frame.from_seq
    this.#stop('hello')
    this.#pingLater(frame.ping_interval_ms)
    this.#listen(frame.timeout_ms)
    this.#handlers.hello(frame)
  }

  #link(chain: Chain, frame: ChainFrame): void {
    const link = chain.next(frame)
    if (link === 'broken') this.#fail(new HeadwaterError('chain_broken'))
    if (link !== 'take') return
    this.#acknowledgeSoon()
    this.#handlers.link(frame)
  }

  #acknowledgeSoon(): void {
    if (!this.#timers.has('ack')) this.#after('ack', ackEveryMs, () => this.#acknowledge())
  }

  #acknowledge(): void {
    this.#stop('ack')
    const seq = this.#chain?.last.seq
    if (seq === undefined || seq === this.#ackedSeq) return
    this.#ackedSeq = seq
    this.#transport.send({ type: 'ack', seq })
  }

  #pingLater(everyMs: number): void {
    if (!(everyMs > 0)) return
    this.#after('ping', everyMs, () => {
      this.#ping()
      this.#pingLater(everyMs)
    })
  }

  #ping(): boolean {
    if (!this.#transport.send({ type: 'ping' })) return false
    this.#askedAt ??= this.#seams.clock.monotonic()
    return true
  }

  #listen(inMs: number): void {
    if (inMs > 0) this.#after('silence', inMs, () => this.#judgeSilence())
  }

  /**
   * In the background a page's timers run once a minute, the pings' too, so that a sound connection is as silent as one
   * that is dead. It ends only when a ping has had its time and nothing came, or where no ping can be sent.
   */
  #judgeSilence(): void {
    const leftMs = (this.#hello?.timeout_ms ?? 0) - this.#silentMs()
    const patienceMs = leftMs > 0 ? leftMs : this.#patienceMs()
    if (patienceMs > 0) this.#listen(patienceMs)
    else this.#endIfSilent()
  }

  /** How long an answer to a ping may still take; 0 when it is too late, or none can be sent. */
  #patienceMs(): number {
    if (this.#askedAt === null) this.#ping()
    return this.#askedAt === null ? 0 : this.#askedAt + probeTimeoutMs - this.#seams.clock.monotonic()
  }

  #heard(): void {
    const { clock } = this.#seams
    this.#askedAt = null
    this.#heardAt = { wall: clock.now(), steady: clock.monotonic() }
  }

  /** The steady clock may stand still while the machine sleeps, the wall clock may be set back: the longer one counts. */
  #silentMs(): number {
    const { clock } = this.#seams
    return Math.max(clock.now() - this.#heardAt.wall, clock.monotonic() - this.#heardAt.steady)
  }

  #endIfSilent(): boolean {
    const timeoutMs = this.#hello?.timeout_ms ?? 0
    if (!(timeoutMs > 0) || this.#silentMs() < timeoutMs) return false
    this.#fail(new HeadwaterError('timeout', { detail: `Nothing came for ${timeoutMs} ms` }))
    return true
  }

  #fail(error: HeadwaterError): void {
    this.#end({ error, fatal: false, answered: this.#hello !== null })
  }

  #end(end: TransportEnd): void {
    if (this.#ended) return
    this.#finish()
    const heldMs = this.#hello ? this.#seams.clock.monotonic() - this.#helloAt : 0
    const retryAfterMs = Math.max(this.#retryAfterMs, end.error.retryAfterMs ?? 0)
    this.#handlers.ended({
      ...end,
      error: this.#explained(end.error),
      heldMs,
      helloSeen: this.#hello !== null,
      retryAfterMs,
    })
  }

  /** A close code names the reason; an `error` frame before it may have told more. */
  #explained(error: HeadwaterError): HeadwaterError {
    if (this.#serverError === undefined) return error
    const { code, status, retryable, retryAfterMs } = error
    return new HeadwaterError(code, { status, retryable, retryAfterMs, detail: this.#serverError, cause: error })
  }

  #finish(): void {
    this.#ended = true
    for (const timer of this.#timers.values()) cancel(timer)
    this.#timers.clear()
    this.#transport.close()
  }

  #after(name: TimerName, ms: number, run: () => void): void {
    this.#stop(name)
    const fire = () => {
      this.#timers.delete(name)
      run()
    }
    this.#timers.set(name, this.#seams.scheduler.after(ms, fire))
  }

  #stop(name: TimerName): void {
    cancel(this.#timers.get(name))
    this.#timers.delete(name)
  }
}
