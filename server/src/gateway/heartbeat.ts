import type { CloseReason } from '@headwater/protocol'
import type { Clock } from '../lib/seams.ts'
import type { Session } from './session.ts'

export interface HeartbeatSettings {
  readonly pingIntervalMs: number
  readonly silenceTimeoutMs: number
  readonly authTimeoutMs: number
  readonly backlogMs: number
}

/** Time between two beats. Deadlines are met within it. */
export const beatMs = 1_000
/** A beat later than this means that the whole process stood still: nobody's silence in that time counts. */
const stallMs = 5_000
/** Beats ahead that a session can be put down for; more than the longest time between two looks at one session. */
const slots = 128

/**
 * The one clock of all sessions: a wheel of slots, each with the sessions that are due at that beat. A session that comes
 * up is asked what it is due for, and put down for its next deadline; signs of life in between cost nothing but a number.
 */
export class Heartbeat {
  readonly #slots: Session[][] = Array.from({ length: slots }, () => [])
  readonly #clock: Clock
  readonly #settings: HeartbeatSettings
  readonly #isRevoked: (session: Session) => boolean
  #beat = 0
  #lastBeatAt: number
  /** Silence before this moment was ours. */
  #listeningSince = 0

  constructor(clock: Clock, settings: HeartbeatSettings, isRevoked: (session: Session) => boolean) {
    this.#clock = clock
    this.#settings = settings
    this.#isRevoked = isRevoked
    this.#lastBeatAt = clock.monotonic()
  }

  /** Puts a session down for its next deadline, also again when it has a new one. `spread` in [0, 1) places its first ping. */
  add(session: Session, spread: number): void {
    const now = this.#clock.monotonic()
    if (session.nextPingAt === 0) session.nextPingAt = now + this.#settings.pingIntervalMs * spread
    this.#putDown(session, now)
  }

  beat(): void {
    const now = this.#clock.monotonic()
    if (now - this.#lastBeatAt > stallMs) this.#listeningSince = now
    this.#lastBeatAt = now
    const beat = ++this.#beat
    const due = this.#slots[beat % slots] as Session[]
    this.#slots[beat % slots] = []
    for (const session of due) {
      if (session.phase === 'ended' || session.dueBeat !== beat) continue
      const reason = this.#overdue(session, now)
      if (reason) {
        session.close(reason)
        continue
      }
      if (now >= session.nextPingAt) {
        session.transport.ping()
        session.nextPingAt = now + this.#settings.pingIntervalMs
      }
      this.#putDown(session, now)
    }
  }

  #overdue(session: Session, now: number): CloseReason | undefined {
    const { authTimeoutMs, silenceTimeoutMs, backlogMs } = this.#settings
    if (session.phase === 'waiting' && now - session.openedAt >= authTimeoutMs) return 'auth_timeout'
    const expiresAt = session.principal?.expiresAtMs ?? null
    if (expiresAt !== null && expiresAt <= this.#clock.now()) return 'token_expired'
    if (session.principal && this.#isRevoked(session)) return 'token_revoked'
    if (session.hasBacklog && now - session.backlogSince >= backlogMs) return 'slow_consumer'
    // A client that never speaks is known by its taking what it is sent.
    if (session.transport.oneWay && session.transport.writable) session.alive()
    if (now - Math.max(session.lastLifeAt, this.#listeningSince) >= silenceTimeoutMs) return 'stale'
    return undefined
  }

  #putDown(session: Session, now: number): void {
    const { authTimeoutMs, silenceTimeoutMs } = this.#settings
    let due = Math.min(session.nextPingAt, Math.max(session.lastLifeAt, this.#listeningSince) + silenceTimeoutMs)
    if (session.phase === 'waiting') due = Math.min(due, session.openedAt + authTimeoutMs)
    const expiresAt = session.principal?.expiresAtMs ?? null
    if (expiresAt !== null) due = Math.min(due, now + expiresAt - this.#clock.now())
    const beats = Math.ceil((due - this.#lastBeatAt) / beatMs)
    session.dueBeat = this.#beat + Math.min(slots - 1, Math.max(1, beats))
    this.#slots[session.dueBeat % slots]?.push(session)
  }
}
