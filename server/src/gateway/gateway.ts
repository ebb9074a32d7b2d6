import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ActivityStream } from '../activity/activity-api.ts'
import type { Seams } from '../lib/seams.ts'
import { createUuidV7 } from '../lib/uuid.ts'
import type { UserId } from '../model/ids.ts'
import type { DeviceStore } from '../ports/device-store.ts'
import type { PubSub } from '../ports/pub-sub.ts'
import type { SessionRegistry } from '../ports/session-registry.ts'
import type { SocketAccess } from './access.ts'
import { Acks } from './acks.ts'
import { DelayLine } from './delay-line.ts'
import { actingAs, Door, pathOf } from './door.ts'
import { awaitFarewells, drainSessions } from './drain.ts'
import { beatMs, Heartbeat } from './heartbeat.ts'
import { Hub } from './hub.ts'
import { createLimiter } from './limiter.ts'
import { localeOf } from './locale.ts'
import { Presence } from './presence.ts'
import { refuseRequest, refuseUpgrade } from './refusal.ts'
import { createRender } from './render.ts'
import { Session, type SessionHost } from './session.ts'
import type { GatewaySettings } from './settings.ts'
import { acceptEventStream, resumeFrom } from './sse.ts'
import { Starts } from './starts.ts'
import type { Transport } from './transport.ts'
import { acceptWebSocket, createWebSocketServer } from './ws.ts'

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
  onFailure?(error: unknown): void
}

export interface GatewayStats {
  readonly sockets: number
  readonly users: number
  readonly framesSent: number
  /** Frames that wait for slow clients. */
  readonly framesQueued: number
}

export interface Gateway extends AsyncDisposable {
  /** `/ws/v1/activities`. Answers every upgrade, if only with a refusal. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** `GET /v1/activities/stream`. */
  handleStream(request: IncomingMessage, reply: ServerResponse): void
  /** Takes no more sockets, sends those that are open away in batches, and resolves when they are gone. */
  drain(): Promise<void>
  stats(): GatewayStats
}

export const socketPath = '/ws/v1/activities'

export function createGateway(parts: GatewayParts, settings: GatewaySettings, seams: Seams): Gateway {
  const { stream, access, observer } = parts
  const { clock, scheduler, random } = seams
  const onFailure = (error: unknown): void => observer?.onFailure?.(error)
  const limit = createLimiter(settings.storeConcurrency)
  const render = createRender(stream)
  const newId = createUuidV7(clock, random)
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
  const door = new Door(access, settings, clock)
  const webSockets = createWebSocketServer()

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
    ended(session) {
      open.delete(session)
      leaving.add(session)
      hub.leave(session)
      presence.left(session)
    },
    gone: (session) => void leaving.delete(session),
  }

  const openSession = (request: IncomingMessage, transport: Transport): Session => {
    const { headers } = request
    const locale = localeOf(headers['accept-language'])
    const session = new Session(host, transport, { id: newId(), locale, actingAs: actingAs(headers) })
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
  const drain = async (drainMs: number): Promise<void> => {
    door.open = false
    await drainSessions(open, drainMs, seams)
    await Promise.all([flushAcks(), presence.settled()])
    await awaitFarewells(() => leaving.size, seams)
    for (const { transport } of leaving) transport.terminate()
  }

  return {
    handleUpgrade(request, socket, head) {
      socket.on('error', () => socket.destroy())
      if (pathOf(request) !== socketPath) return refuseUpgrade(socket, { code: 'route_not_found' })
      const refusal = door.check(request, open.size, [])
      if (refusal) return refuseUpgrade(socket, refusal)
      const entry = door.bearer(request.headers)
      if (entry && 'code' in entry) return refuseUpgrade(socket, entry)
      acceptWebSocket(webSockets, request, socket, head, (transport) => {
        const session = openSession(request, transport)
        if (entry && starts.admit(session, entry.principal)) grace.put(session)
        return session
      })
    },

    handleStream(request, reply) {
      const refusal = door.check(request, open.size, ['ticket'])
      if (refusal) return refuseRequest(reply, refusal)
      const entry = door.ticket(request) ?? door.bearer(request.headers) ?? { code: 'unauthenticated' as const }
      if ('code' in entry) return refuseRequest(reply, entry)
      if (!starts.hasRoom(entry.principal)) {
        return refuseRequest(reply, {
          code: 'rate_limited',
          detail: 'This user has too many open streams.',
          retryAfterS: 5,
        })
      }
      const session = acceptEventStream(request, reply, stream.epoch, (transport) => openSession(request, transport))
      if (starts.admit(session, entry.principal))
        void starts.start(session, resumeFrom(request.headers['last-event-id']))
    },

    drain: () => (drained ??= drain(settings.drainMs)),

    stats() {
      let framesQueued = 0
      for (const session of open) framesQueued += session.queuedFrames
      return { sockets: open.size, users: hub.users, framesSent, framesQueued }
    },

    async [Symbol.asyncDispose]() {
      door.open = false
      for (const timer of timers) timer[Symbol.dispose]()
      grace[Symbol.dispose]()
      revocations[Symbol.dispose]()
      for (const session of [...open]) session.close('server_closing')
      for (const { transport } of leaving) transport.terminate()
      await flushAcks()
      await presence[Symbol.asyncDispose]()
      await hub[Symbol.asyncDispose]()
    },
  }
}
