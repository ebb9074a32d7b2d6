import type { HelloFrame, StreamPosition } from '@headwater/protocol'
import { Backoff, longestWaitMs } from './backoff.ts'
import { HeadwaterError } from './error.ts'
import { Fallback } from './fallback.ts'
import type { ChainFrame } from './frame.ts'
import { type ClientSeams, cancel, type PageEvent } from './seams.ts'
import { Session, type SessionEnd } from './session.ts'
import type { TokenSource } from './token.ts'
import type { OpenTransport } from './transport.ts'

/** `offline`: closed, given up, or waiting for somebody to look. `connecting`: trying, or about to. `online`: `hello` came. */
export type Connection = 'offline' | 'connecting' | 'online'

/** A page hidden for this long does not reconnect until somebody looks at it. */
export const hiddenGraceMs = 30_000

/** A network may come and go: what is being opened is left for another try at most this often. */
const openAnewEveryMs = 1_000

export interface StreamHandlers {
  /** `error` is why it went, or stays, down, when that is the token or what we ask for: refused, or not to be had. */
  connection(state: Connection, error: HeadwaterError | null): void
  hello(frame: HelloFrame): void
  /**
   * The stream begins at this position and tells nothing of what was before. `isReset`: it does so although it was
   * asked to go on from another one, so that the list has to be read anew.
   */
  began(at: StreamPosition, isReset: boolean): void
  frame(frame: ChainFrame): void
}

export interface StreamConfig {
  readonly tokens: TokenSource
  /** `socket` is `null` where there is no WebSocket. */
  readonly transports: { readonly socket: OpenTransport | null; readonly sse: OpenTransport }
  readonly deviceId: string | undefined
  readonly seams: ClientSeams
}

/**
 * Keeps one user's activity stream open. States: stopped; opening (a token is fetched, then a session opens); open
 * (`hello` came); waiting (a timer runs to the next try); asleep (the page has been hidden for long); refused (the
 * server does not take the only token there is, or what we ask for with any). Any end of a session leads to waiting, asleep or refused. The position
 * is the last link of the unbroken chain, and outlives sessions: each new one asks for what came after it.
 */
export class ActivityStream {
  readonly #config: StreamConfig
  readonly #handlers: StreamHandlers
  readonly #backoff: Backoff
  readonly #fallback: Fallback
  #position: StreamPosition | null = null
  #running = false
  /** Counts attempts, so that a token that comes late finds out whether it is still wanted. */
  #attempt = 0
  #session: Session | null = null
  #waiting: Disposable | null = null
  #asleep = false
  #refused = false
  #lastEnd: 'lost' | 'auth' = 'lost'
  /** What was wrong with the token, until a `hello` shows that it no longer is. */
  #error: HeadwaterError | null = null
  #hiddenAt: number | null = null
  /** The server asked not to be called before this moment (of the steady clock). */
  #notBefore = 0
  #openedAnewAt = Number.NEGATIVE_INFINITY
  #page: Disposable | null = null

  constructor(config: StreamConfig, handlers: StreamHandlers) {
    this.#config = config
    this.#handlers = handlers
    this.#backoff = new Backoff(config.seams.random)
    this.#fallback = new Fallback(config.transports.socket !== null)
  }

  get position(): StreamPosition | null {
    return this.#position
  }

  /** Opens it. `from` is the position of what is already known, `null` when that is nothing. */
  start(from: StreamPosition | null): void {
    if (this.#running) return
    this.#running = true
    this.#position = from
    this.#backoff.reset()
    const { page } = this.#config.seams
    this.#hiddenAt = page.hidden() ? this.#now() : null
    this.#page = page.listen((event) => this.#onPage(event))
    void this.#open()
  }

  stop(): void {
    this.#running = false
    this.#attempt++
    this.#stopWaiting()
    this.#asleep = false
    this.#refused = false
    cancel(this.#page)
    this.#page = null
    this.#session?.close()
    this.#session = null
    this.#fallback.over()
    this.#tell('offline', null)
  }

  async #open(): Promise<void> {
    const attempt = ++this.#attempt
    this.#stopWaiting()
    this.#asleep = false
    this.#tell('connecting', this.#error)
    try {
      const token = await this.#config.tokens.get()
      if (attempt === this.#attempt) this.#openSession(token)
    } catch (thrown) {
      if (attempt === this.#attempt) this.#tokenFailed(HeadwaterError.from(thrown))
    }
  }

  #openSession(token: string): void {
    const { transports, deviceId, seams } = this.#config
    const resume = this.#position
    const attempt = this.#attempt
    const { kind } = this.#fallback
    const open = transports[kind] ?? transports.sse
    let resetAt: StreamPosition | null = null
    this.#session = new Session(open, { token, deviceId, resume }, seams, {
      hello: (frame) => {
        this.#fallback.worked(kind)
        // Where the server does not go on from our position, `reset` follows. Acting on `hello` already means that a
        // connection lost between the two cannot leave us with a position whose past we never read.
        const start = { epoch: frame.epoch, seq: frame.from_seq }
        if (!resume) this.#begin(start, false)
        else if (resume.epoch !== frame.epoch || frame.from_seq > resume.seq) {
          resetAt = start
          this.#begin(start, true)
        }
        this.#greeted(frame, attempt)
      },
      reset: ({ epoch, seq }) => {
        const isKnown = resetAt && samePosition(resetAt, { epoch, seq }) && samePosition(resetAt, this.#position)
        if (!isKnown) this.#begin({ epoch, seq }, true)
      },
      link: (frame) => {
        if (!this.#position || frame.seq > this.#position.seq) this.#position = { epoch: frame.epoch, seq: frame.seq }
        this.#handlers.frame(frame)
      },
      ended: (end) => {
        if (end.helloSeen) this.#fallback.over()
        else if (!end.answered) this.#fallback.failed(kind)
        this.#ended(end, token)
      },
    })
  }

  #begin(at: StreamPosition, isReset: boolean): void {
    this.#position = at
    this.#handlers.began(at, isReset)
  }

  #greeted(frame: HelloFrame, attempt: number): void {
    this.#notBefore = 0
    this.#lastEnd = 'lost'
    this.#handlers.hello(frame)
    // Who heard of it may have closed the stream.
    if (attempt === this.#attempt) this.#tell('online', null)
  }

  #ended(end: SessionEnd, token: string): void {
    this.#session = null
    const { tokens } = this.#config
    if (end.fatal) tokens.refused(token)
    if (end.permanent) this.#refuse(end.error)
    else if (!end.fatal) this.#wait('lost', end.heldMs, end.retryAfterMs, null)
    else if (tokens.renewable) this.#wait(hasRunOut(end) ? 'lost' : 'auth', end.heldMs, end.retryAfterMs, end.error)
    else this.#refuse(end.error)
  }

  /** Nobody refused anything: whatever kept a token from coming may be over as soon as a lost connection is back. */
  #tokenFailed(error: HeadwaterError): void {
    if (error.retryable) this.#wait('lost', 0, error.retryAfterMs ?? 0, error)
    else this.#refuse(error)
  }

  /** The only token there is was refused, or what we ask for with any: trying again could only annoy. */
  #refuse(error: HeadwaterError): void {
    this.#refused = true
    this.#tell('offline', error)
  }

  #wait(kind: 'lost' | 'auth', heldMs: number, askedMs: number, error: HeadwaterError | null): void {
    this.#lastEnd = kind
    const retryAfterMs = Math.min(askedMs, longestWaitMs)
    const jitterMs = this.#backoff.next(kind, heldMs)
    // All whom a closing server sent away were given about the same time: half of it again spreads them.
    const spreadMs =
      retryAfterMs > 0 ? Math.max(jitterMs, this.#config.seams.random.next() * (retryAfterMs / 2)) : jitterMs
    if (retryAfterMs > 0) this.#notBefore = this.#now() + retryAfterMs
    // Told last: who hears of it may close the stream.
    this.#openIn(retryAfterMs + spreadMs)
    this.#tell('connecting', error)
  }

  #openIn(ms: number): void {
    this.#stopWaiting()
    this.#waiting = this.#config.seams.scheduler.after(ms, () => {
      this.#waiting = null
      if (this.#hiddenForLong()) this.#sleep()
      else void this.#open()
    })
  }

  #sleep(): void {
    this.#asleep = true
    this.#tell('offline', this.#error)
  }

  #onPage(event: PageEvent): void {
    if (event === 'hidden') this.#hiddenAt ??= this.#now()
    if (event === 'visible') this.#hiddenAt = null
    if (event === 'hidden' || this.#refused) return
    if (event === 'online') this.#fallback.networkChanged()
    const isUnsure = this.#session?.probe() === false
    if (isUnsure && event === 'online') this.#openAnew()
    // Looking at the page does not mend a refused token; a network that is back may.
    if (this.#waiting && event === 'visible' && this.#lastEnd === 'auth') return
    if (this.#asleep && this.#hiddenForLong()) return
    if (this.#waiting || this.#asleep) this.#openIn(Math.max(0, this.#notBefore - this.#now()))
  }

  /** What was being opened over another network, or cannot be asked whether it is alive. It goes on from the position. */
  #openAnew(): void {
    if (this.#now() - this.#openedAnewAt < openAnewEveryMs) return
    this.#openedAnewAt = this.#now()
    this.#session?.close()
    this.#session = null
    void this.#open()
  }

  #hiddenForLong(): boolean {
    return this.#hiddenAt !== null && this.#config.seams.page.hidden() && this.#now() - this.#hiddenAt >= hiddenGraceMs
  }

  #tell(state: Connection, error: HeadwaterError | null): void {
    this.#error = error
    this.#handlers.connection(state, error)
  }

  #stopWaiting(): void {
    cancel(this.#waiting)
    this.#waiting = null
  }

  #now(): number {
    return this.#config.seams.clock.monotonic()
  }
}

/** The token was good until its time was over: nobody refused it, and the next one is as good. */
const hasRunOut = ({ helloSeen, error }: SessionEnd): boolean => helloSeen && error.code === 'token_expired'

function samePosition(a: StreamPosition | null, b: StreamPosition | null): boolean {
  return a?.epoch === b?.epoch && a?.seq === b?.seq
}
