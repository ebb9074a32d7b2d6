import type { ActivityStream } from '../activity/activity-api.ts'
import type { Seams } from '../lib/seams.ts'
import type { Seq, UserId } from '../model/ids.ts'
import type { StreamChanges } from '../ports/pub-sub.ts'
import { backoffMs } from './backoff.ts'
import { badgeFrom, type Render } from './render.ts'
import type { Session } from './session.ts'
import type { StreamBatch } from './stream-frames.ts'

export interface ChannelParts {
  readonly stream: ActivityStream
  readonly render: Render
  /** Bounds how many users read from the stores at the same time. */
  readonly limit: <T>(task: () => Promise<T>) => Promise<T>
  readonly seams: Seams
  onFailure(error: unknown): void
}

/** Messages of one user that may wait. More than that is read from the store in one go. */
const inboxMax = 64
/** Reads in a row that find the store no further, before a position is taken for one that never comes. */
const shortReadsMax = 10

/**
 * The sessions of one user on this server, and how far the user's stream is known to go.
 *
 * Every live session has a position: it was told of everything up to there. A message says what changed between two
 * positions. If each session stands in that span it is passed on; if one stands before it a message was lost, and what is
 * missing is read from the store, for all who lack it at once. Messages are hints: the only thing that must be right is
 * that no session stays behind `wanted`, the highest position heard of. One loop per user sees to that, and no two of its
 * steps overlap.
 */
export class Channel {
  readonly user: UserId
  /** Few: a user has a phone or two. */
  readonly sessions: Session[] = []
  readonly #parts: ChannelParts
  readonly #inbox: StreamChanges[] = []
  #wanted: Seq = 0
  #running = false
  /** Ends the wait for the next attempt to read. */
  #wait: AbortController | null = null
  /** When the oldest change was accepted whose message could not be passed on. */
  #lostSince: number | null = null

  constructor(user: UserId, parts: ChannelParts) {
    this.user = user
    this.#parts = parts
  }

  /** The highest position that the stream is known to have. */
  get wanted(): Seq {
    return this.#wanted
  }

  message(message: StreamChanges): void {
    if (this.#inbox.length >= inboxMax) {
      for (const waiting of this.#inbox.splice(0)) this.#lose(waiting)
    }
    this.#inbox.push(message)
    // What goes on from where they stand needs no read.
    if (message.from <= (this.lowest() ?? -1)) this.#wait?.abort()
    this.#wake()
  }

  /** The stream goes at least this far: whoever is behind catches up. */
  want(seq: Seq): void {
    this.#wanted = Math.max(this.#wanted, seq)
    this.#wake()
  }

  /** Where the live session stands that is furthest behind; `undefined` when none is live. */
  lowest(): Seq | undefined {
    let lowest: Seq | undefined
    for (const { phase, position } of this.sessions) {
      if (phase === 'live' && (lowest === undefined || position < lowest)) lowest = position
    }
    return lowest
  }

  #wake(): void {
    if (this.#running) return
    this.#running = true
    this.#run().catch((error) => {
      this.#running = false
      this.#parts.onFailure(error)
    })
  }

  async #run(): Promise<void> {
    let failures = 0
    for (;;) {
      const position = this.lowest()
      if (position === undefined) break
      const message = this.#inbox.shift()
      if (message) {
        await this.#pass(message, position)
        continue
      }
      if (position >= this.#wanted) break
      const outcome = await this.#catchUp(position)
      if (outcome === 'moved') failures = 0
      else if (outcome === 'short' && failures >= shortReadsMax) this.#wanted = position
      else await this.#pause(failures++)
    }
    // With nobody live there is nobody to tell: the next one who starts reads the store, up to here at least.
    for (const message of this.#inbox.splice(0)) this.#lose(message)
    this.#running = false
  }

  /** Until the next attempt to read. */
  async #pause(failures: number): Promise<void> {
    if (this.#inbox.length > 0) return
    const { scheduler, random } = this.#parts.seams
    this.#wait = new AbortController()
    await scheduler.sleep(backoffMs(failures, random), this.#wait.signal)
    this.#wait = null
  }

  async #pass(message: StreamChanges, position: Seq): Promise<void> {
    const { from, to, changes } = message
    if (to <= position) return
    const complete = changes.at(-1)?.seq === to
    if (from > position || !complete) return this.#lose(message)
    try {
      const { batches } = await this.#parts.render({ ...message, from: position }, this.#locales())
      this.#deliver(batches, from, false)
    } catch (error) {
      this.#parts.onFailure(error)
    }
    // Those who could not be told stand before it, and catch up.
    this.#lose(message)
  }

  async #catchUp(position: Seq): Promise<'moved' | 'short' | 'failed'> {
    const { stream, render, limit } = this.#parts
    try {
      return await limit(async () => {
        const answer = await stream.since(this.user, position)
        if ('gap' in answer) {
          const { upTo } = await badgeFrom(stream, this.user, position + 1)
          for (const session of this.#behind(position + 1)) session.reset('too_far_behind', upTo)
          return 'moved'
        }
        const { changes, upTo } = answer
        if (upTo <= position) return 'short'
        const request = {
          user: this.user,
          from: position,
          to: upTo,
          changes,
          counts: null,
          acceptedAt: this.#lostSince,
        }
        const { batches, to, beyond } = await render(request, this.#locales())
        this.#wanted = Math.max(this.#wanted, beyond)
        if (to <= position) return 'short'
        this.#lostSince = null
        this.#deliver(batches, position, true)
        return 'moved'
      })
    } catch (error) {
      this.#parts.onFailure(error)
      return 'failed'
    }
  }

  #deliver(batches: ReadonlyMap<string | null, StreamBatch>, from: Seq, catchingUp: boolean): void {
    for (const session of [...this.sessions]) {
      const batch = batches.get(session.locale)
      if (!batch || session.phase !== 'live' || session.position < from || session.position >= batch.to) continue
      session.deliver(batch, catchingUp)
    }
  }

  #lose(message: StreamChanges): void {
    this.#wanted = Math.max(this.#wanted, message.to)
    if ((this.lowest() ?? message.to) < message.to) {
      this.#lostSince = Math.min(this.#lostSince ?? message.acceptedAt, message.acceptedAt)
    }
  }

  #behind(position: Seq): Session[] {
    return [...this.sessions].filter((session) => session.phase === 'live' && session.position < position)
  }

  #locales(): Set<string | null> {
    const locales = new Set<string | null>()
    for (const { phase, locale } of this.sessions) if (phase === 'live') locales.add(locale)
    return locales
  }
}
