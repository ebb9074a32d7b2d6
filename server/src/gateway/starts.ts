import type { CloseReason, HelloFrame } from '@headwater/protocol'
import type { ActivityStream } from '../activity/activity-api.ts'
import type { Seams } from '../lib/seams.ts'
import type { SocketAccess, SocketPrincipal, SocketRefusal } from './access.ts'
import type { Acks } from './acks.ts'
import { backoffMs } from './backoff.ts'
import type { Channel } from './channel.ts'
import type { AuthFrame } from './client-frame.ts'
import type { Heartbeat } from './heartbeat.ts'
import type { Hub } from './hub.ts'
import { type Opening, type ResumePoint, readOpening } from './opening.ts'
import { helloFrame } from './plain-frames.ts'
import type { Presence } from './presence.ts'
import type { Render } from './render.ts'
import type { Session } from './session.ts'
import type { GatewaySettings } from './settings.ts'

export interface StartParts {
  readonly stream: ActivityStream
  readonly render: Render
  readonly access: SocketAccess
  readonly hub: Hub
  readonly presence: Presence
  readonly acks: Acks
  readonly heartbeat: Heartbeat
  readonly limit: <T>(task: () => Promise<T>) => Promise<T>
  readonly seams: Seams
  onFailure(error: unknown): void
}

/** Attempts to read where a session begins, before its client is sent away to come back later. */
const attemptsMax = 4

/** How a session comes to its user, and from `waiting` to `live`. */
export class Starts {
  readonly #parts: StartParts
  readonly #settings: GatewaySettings

  constructor(parts: StartParts, settings: GatewaySettings) {
    this.#parts = parts
    this.#settings = settings
  }

  /** True when one more session of this user may be opened here. */
  hasRoom(principal: SocketPrincipal): boolean {
    return this.#parts.hub.sessionsOf(principal.user).length < this.#settings.socketsPerUser
  }

  /** An `auth` frame: the first one, or one that starts a live session anew, perhaps with a newer token. */
  authenticate(session: Session, frame: AuthFrame): void {
    if (!this.#admitBy(session, frame)) return
    if (frame.deviceId !== null) session.device = frame.deviceId
    void this.start(session, frame.resume)
  }

  #admitBy(session: Session, { token, userId }: AuthFrame): boolean {
    if (token === null) {
      if (!session.principal) session.refuse('bad_frame', 'auth needs a "token".')
      return session.principal !== null
    }
    const verdict = this.#parts.access.verifyBearer(token, session.actingAs ?? userId)
    const refusal = 'refused' in verdict ? verdict.refused : foreignTo(session, verdict.principal, userId)
    if (refusal) refuse(session, refusal)
    return 'principal' in verdict && !refusal && this.admit(session, verdict.principal)
  }

  /** Gives a session its user; false when it had to be closed. */
  admit(session: Session, principal: SocketPrincipal): boolean {
    const joined = session.principal !== null
    if (!joined && !this.hasRoom(principal)) {
      session.close('too_many_sockets')
      return false
    }
    session.principal = principal
    session.device ??= principal.deviceId
    this.#parts.hub.join(session)
    this.#parts.heartbeat.add(session, 0)
    return true
  }

  /** Reads where the session goes on, says hello, and lets it live. */
  async start(session: Session, resume: ResumePoint | null): Promise<void> {
    const number = ++session.startNumber
    const isCurrent = (): boolean => session.phase === 'starting' && session.startNumber === number
    session.phase = 'starting'
    const { channel, subscribed } = this.#parts.hub.join(session)
    this.#parts.presence.arrived(session)
    await subscribed
    for (let attempt = 0; isCurrent(); attempt++) {
      try {
        const opening = await this.#parts.limit(() => this.#read(session, channel, resume))
        if (isCurrent()) this.#open(session, channel, opening)
        return
      } catch (error) {
        this.#parts.onFailure(error)
        if (attempt + 1 >= attemptsMax) {
          if (isCurrent()) session.close('overloaded')
          return
        }
        await this.#parts.seams.scheduler.sleep(4 * backoffMs(attempt, this.#parts.seams.random))
      }
    }
  }

  async #read(session: Session, channel: Channel, resume: ResumePoint | null): Promise<Opening> {
    const { user, device, locale } = session
    const acked = resume || device === null ? null : await this.#parts.acks.get(user, device)
    return readOpening(this.#parts, { user, locale, resume, acked, known: channel.wanted })
  }

  #open(session: Session, channel: Channel, opening: Opening): void {
    const { access, stream } = this.#parts
    const { principal } = session
    // The token was good when it was shown; the stores may have taken their time since.
    if (principal && access.isRevoked(principal)) {
      session.close('token_revoked')
      return
    }
    const { pingIntervalMs, silenceTimeoutMs } = this.#settings
    const hello: Omit<HelloFrame, 'type'> = {
      session_id: session.id,
      user_id: session.user,
      epoch: stream.epoch,
      from_seq: opening.fromSeq,
      seq: opening.seq,
      unread_count: opening.badge.unread,
      unseen_count: opening.badge.unseen,
      ping_interval_ms: pingIntervalMs,
      timeout_ms: silenceTimeoutMs,
    }
    session.begin(helloFrame(hello, opening.reset !== null), opening.fromSeq)
    if (opening.reset) session.reset(opening.reset, opening.seq)
    if (opening.batch) session.deliver(opening.batch, true)
    if (session.phase !== 'starting') return
    session.position = opening.position
    session.phase = 'live'
    channel.want(opening.known)
  }
}

const closesWith: Readonly<Partial<Record<SocketRefusal, CloseReason>>> = {
  unauthenticated: 'unauthenticated',
  token_expired: 'token_expired',
  token_revoked: 'token_revoked',
}

/** A session stays with its user, and a frame may name no other. */
function foreignTo(session: Session, { user }: SocketPrincipal, named: string | null): SocketRefusal | undefined {
  return (named ?? user) === user && (session.principal?.user ?? user) === user ? undefined : 'forbidden'
}

function refuse(session: Session, refusal: SocketRefusal): void {
  const reason = closesWith[refusal]
  if (reason) session.close(reason)
  else if (refusal === 'user_required') session.refuse(refusal, 'An API key acts for a user: name one with X-User-Id.')
  else session.refuse('forbidden', 'A socket shows the stream of its own user alone.')
}
