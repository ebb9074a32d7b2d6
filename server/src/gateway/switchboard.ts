import type { CloseReason } from '@headwater/protocol'
import type { ActivityStream } from '../activity/activity-api.ts'
import { createLimiter } from '../lib/limiter.ts'
import { pooledRandom } from '../lib/pooled-random.ts'
import type { Seams } from '../lib/seams.ts'
import { createUuidV7 } from '../lib/uuid.ts'
import type { UserId } from '../model/ids.ts'
import type { DeviceStore } from '../ports/device-store.ts'
import type { PubSub } from '../ports/pub-sub.ts'
import type { SessionRegistry } from '../ports/session-registry.ts'
import type { SocketAccess, SocketPrincipal } from './access.ts'
import { Acks } from './acks.ts'
import { DelayLine } from './delay-line.ts'
import { awaitFarewells, drainSessions } from './drain.ts'
import { beatMs, Heartbeat } from './heartbeat.ts'
import { Hub } from './hub.ts'
import type { ResumePoint } from './opening.ts'
import { Presence } from './presence.ts'
import { createRender } from './render.ts'
import { Session, type SessionHost } from './session.ts'
import type { GatewaySettings } from './settings.ts'
import { Starts } from './starts.ts'
import type { Transport } from './transport.ts'

export interface GatewayParts {
  readonly stream: ActivityStream
  readonly pubSub: PubSub
  readonly sessions: SessionRegistry
  readonly devices: DeviceStore
  readonly access: SocketAccess
  /** For metrics and the log. */
  readonly observer?: GatewayObserver
}

export interface GatewayObserver {
  /** A frame was written, this long after the event in it was accepted. */
  onPushed?(ms: number): void
  /** The server closed a socket. */
  onClosed?(reason: CloseReason): void
  onFailure?(error: unknown): void
}

export interface GatewayStats {
  readonly sockets: number
  readonly users: number
  readonly framesSent: number
  /** Frames that wait for slow clients. */
  readonly framesQueued: number
}

/** What the opening request said of a session. */
export interface SessionOpening {
  readonly transport: Transport
  readonly locale: string | null
  readonly actingAs: UserId | null
  /** `null`: the first frame will say whose it is. */
  readonly principal: SocketPrincipal | null
}

/** All sessions of a server, over whatever transports, and what keeps them going. */
export interface Switchboard extends AsyncDisposable {
  readonly sockets: number
  /** False when this user has as many sessions here as a user may. */
  hasRoom(principal: SocketPrincipal): boolean
  /** Opens a session. One whose user is known may still say in an `auth` frame where it goes on; not for long. */
  open(opening: SessionOpening): Session
  /** Opens a session that cannot say anything, and starts it. */
  openStarted(opening: SessionOpening, resume: ResumePoint | null): Session
  /** Sends all clients away in batches, and resolves when they are gone. */
  drain(): Promise<void>
  stats(): GatewayStats
}

export function createSwitchboard(parts: GatewayParts, settings: GatewaySettings, seams: Seams): Switchboard {
  const { stream, access, observer } = parts
  const { clock, scheduler, random } = seams
  const onFailure = (error: unknown): void => observer?.onFailure?.(error)
  const limit = createLimiter(settings.storeConcurrency)
  const render = createRender(stream)
  const newId = createUuidV7(clock, pooledRandom(random))
  const open = new Set<Session>()
  const leaving = new Set<Session>()
  let framesSent = 0

  const closeRevoked = (sessions: Iterable<Session>): void => {
    for (const session of [...sessions]) {
      if (session.principal && access.isRevoked(session.principal)) session.close('token_revoked')
    }
  }

  const hub = new Hub({
    stream,
    render,
    limit,
    seams,
    onFailure,
    pubSub: parts.pubSub,
    revoked: (user: UserId) => closeRevoked(hub.sessionsOf(user)),
  })
  const acks = new Acks(parts.devices, stream.epoch, clock)
  const presence = new Presence({
    registry: parts.sessions,
    clock,
    node: settings.node,
    ttlMs: settings.registryTtlMs,
    onFailure,
  })
  const heartbeat = new Heartbeat(clock, settings, ({ principal }) => principal !== null && access.isRevoked(principal))
  const starts = new Starts(
    { stream, render, access, hub, presence, acks, heartbeat, limit, seams, onFailure },
    settings,
  )
  const grace = new DelayLine<Session>(settings.headerGraceMs, seams, (session) => {
    if (session.phase === 'waiting') void starts.start(session, null)
  })

  const overflows = new DelayLine<Session>(settings.overflowMs, seams, (session) =>
    session.closeIfOver(settings.overflowMs),
  )

  const giveUp = (session: Session): void => {
    if (leaving.has(session)) session.transport.terminate()
  }
  const farewells = new DelayLine<Session>(settings.farewellMs, seams, giveUp)
  const slowFarewells = new DelayLine<Session>(settings.slowFarewellMs, seams, giveUp)

  const host: SessionHost = {
    epoch: stream.epoch,
    epochText: JSON.stringify(stream.epoch),
    maxBytes: settings.outboundBytes,
    maxFrames: settings.outboundFrames,
    clientFramesPerS: settings.clientFramesPerS,
    clientFrameBurst: settings.clientFrameBurst,
    badFramesMax: settings.badFramesMax,
    now: () => clock.monotonic(),
    authenticate: (session, frame) => starts.authenticate(session, frame),
    acked({ user, device }, seq) {
      if (device !== null) acks.note(user, device, seq)
    },
    written(acceptedAt) {
      framesSent++
      if (acceptedAt !== null) observer?.onPushed?.(Math.max(0, clock.now() - acceptedAt))
    },
    ended(session, reason) {
      if (reason) observer?.onClosed?.(reason)
      open.delete(session)
      leaving.add(session)
      // A client that did not read learns why when it reads again, if that is soon; others have no reason to take long.
      if (reason) (reason === 'slow_consumer' ? slowFarewells : farewells).put(session)
      hub.leave(session)
      presence.left(session)
    },
    overflowed: (session) => overflows.put(session),
    failed: onFailure,
    gone: (session) => void leaving.delete(session),
  }

  const openSession = ({ transport, locale, actingAs }: SessionOpening): Session => {
    const session = new Session(host, transport, { id: newId(), locale, actingAs })
    open.add(session)
    heartbeat.add(session, random.next())
    return session
  }

  const flushAcks = (): Promise<void> => acks.flush().catch(onFailure)
  const revocations = access.onRevoked(({ userId }) => closeRevoked(userId === null ? open : hub.sessionsOf(userId)))
  const timers = [
    scheduler.every(beatMs, () => {
      heartbeat.beat()
      void hub.compareSome(beatMs / settings.pingIntervalMs)
    }),
    scheduler.every(settings.ackFlushMs, () => void flushAcks()),
    scheduler.every(settings.registryRefreshMs, () => presence.refresh()),
  ]

  let drained: Promise<void> | undefined
  const drain = async (): Promise<void> => {
    await drainSessions(open, settings.drainMs, seams)
    await Promise.all([flushAcks(), presence.settled()])
    await awaitFarewells(() => leaving.size, seams)
    for (const { transport } of leaving) transport.terminate()
  }

  return {
    get sockets() {
      return open.size
    },
    hasRoom: (principal) => starts.hasRoom(principal),
    open(opening) {
      const session = openSession(opening)
      if (opening.principal && starts.admit(session, opening.principal)) grace.put(session)
      return session
    },
    openStarted(opening, resume) {
      const session = openSession(opening)
      if (opening.principal && starts.admit(session, opening.principal)) void starts.start(session, resume)
      return session
    },
    drain: () => (drained ??= drain()),
    stats() {
      let framesQueued = 0
      for (const session of open) framesQueued += session.queuedFrames
      return { sockets: open.size, users: hub.users, framesSent, framesQueued }
    },

    async [Symbol.asyncDispose]() {
      for (const timer of timers) timer[Symbol.dispose]()
      grace[Symbol.dispose]()
      overflows[Symbol.dispose]()
      revocations[Symbol.dispose]()
      for (const session of [...open]) session.close('server_closing')
      farewells[Symbol.dispose]()
      slowFarewells[Symbol.dispose]()
      for (const { transport } of leaving) transport.terminate()
      await flushAcks()
      await presence[Symbol.asyncDispose]()
      await hub[Symbol.asyncDispose]()
    },
  }
}
