import type { AddressInfo } from 'node:net'
import packageJson from '../package.json' with { type: 'json' }
import { type Access, openAccess } from './access/access.ts'
import { socketAccess } from './access/for-sockets.ts'
import { type Activity, createActivity } from './activity/activity.ts'
import { housekeepingSettings, startHousekeeping } from './activity/housekeeping.ts'
import { createIngest, type Ingest } from './activity/ingest.ts'
import { KeptPages } from './activity/kept-pages.ts'
import { totalsOf } from './activity/log-totals.ts'
import { namesAtHand } from './activity/names-at-hand.ts'
import { activitySettings } from './activity/settings.ts'
import { readCatalogues } from './config/catalogues.ts'
import { isLoopback } from './config/checks.ts'
import { ConfigError } from './config/config-error.ts'
import { allRoles, rolesOf } from './config/roles.ts'
import type { Config } from './config/secrets.ts'
import { createGateway, type Gateway, socketPath } from './gateway/gateway.ts'
import { type GatewaySettings, gatewayDefaults } from './gateway/settings.ts'
import { addActivityRoutes } from './http/activities.ts'
import { type App, createApp } from './http/app.ts'
import { createCursors } from './http/cursor.ts'
import { addDemoRoutes, demoUsers, putDemoUsers } from './http/demo.ts'
import { addDocumentRoutes } from './http/documents.ts'
import { addEventRoutes } from './http/events.ts'
import { addMarkRoutes } from './http/marks.ts'
import { addObjectRoutes } from './http/objects.ts'
import { addOperationRoutes } from './http/operations.ts'
import { addPresenceRoutes } from './http/presence.ts'
import { addSocketRoute, addStreamRoute } from './http/stream.ts'
import { addTokenRoutes } from './http/tokens.ts'
import { addUserRoutes } from './http/users.ts'
import { loadWebApp, lookOf, type WebApp } from './http/web-app.ts'
import type { Log } from './lib/log.ts'
import { createMetrics, type Metrics } from './lib/metrics.ts'
import type { Seams } from './lib/seams.ts'
import { createUuidV7 } from './lib/uuid.ts'
import type { UserId } from './model/ids.ts'
import type { Ports } from './ports/ports.ts'
import { countReads } from './wrapped/counted-reads.ts'
import { tellWrites } from './wrapped/told-writes.ts'
import { type PartName, partNames, watchParts } from './wrapped/watched-parts.ts'

/** First pages that are kept ready to be sent, some thousands of them. */
const keptPageBytes = 128 * 2 ** 20

/** What a server does, without the routes that lead to it. Running: disposing of it ends its work. */
export interface Features extends AsyncDisposable {
  /** The engines, their reads counted. */
  readonly ports: Ports
  readonly access: Access
  readonly activity: Activity
  readonly ingest: Ingest
  /** Where the process has this role. */
  readonly gateway: Gateway | null
  readonly metrics: Metrics
  /** Which parts fail at the moment. */
  readonly failing: () => readonly PartName[]
}

/** A whole server on given engines, not listening yet. */
export interface Assembled {
  readonly access: Access
  readonly activity: Activity
  /** Where the process has this role. */
  readonly gateway: Gateway | null
  readonly app: App
  readonly metrics: Metrics
  /** Listens; resolves with the address that it can be reached at. */
  listen(): Promise<string>
  /** Sends sockets away, answers what is under way, writes what is folded. The engines stay open. */
  close(): Promise<void>
}

export interface AssembleOptions {
  readonly config: Config
  readonly seams: Seams
  readonly log: Log
  /** Folder of the built web app; null = without. */
  readonly webFolder: string | null
  /** Checks what the engines stand on, for `/readyz`: nothing, or what is wrong. */
  readonly checkEngines: () => Promise<Readonly<Record<string, string>>>
  /** Of an embedded server. */
  readonly databaseSize?: () => { readonly databaseBytes: number; readonly walBytes: number }
}

export async function assemble(engines: Ports, options: AssembleOptions): Promise<Assembled> {
  const { config, seams } = options
  const features = await assembleFeatures(engines, options)
  const { access, activity, gateway, metrics } = features
  const app = await createRoutes(features, options).catch(async (error: unknown) => {
    await features[Symbol.asyncDispose]()
    throw error
  })
  return { access, activity, gateway, app, metrics, listen, close }

  async function listen(): Promise<string> {
    const host = config.http.host.includes(':') ? `[${config.http.host}]` : config.http.host
    await app
      .listen({ host: config.http.host, port: config.http.port })
      .catch((error: NodeJS.ErrnoException) => refuseAddress(error, `${host}:${config.http.port}`))
    const { port } = app.server.address() as AddressInfo
    return `http://${host}:${port}`
  }

  async function close(): Promise<void> {
    await gateway?.drain()
    // Requests that never end would keep the server for ever: nobody looks at their time any more once it closes.
    using _cut = seams.scheduler.after(config.http.requestTimeoutMs, () => app.server.closeAllConnections())
    await app.close()
    await features[Symbol.asyncDispose]()
  }
}

export async function assembleFeatures(engines: Ports, options: AssembleOptions): Promise<Features> {
  const { config, seams, log } = options
  const roles = rolesOf(config)
  const metrics = createMetrics()
  const keptPages = engines.soleWriter === true ? new KeptPages(keptPageBytes) : undefined
  // One database does not fail in parts.
  const watched = keptPages ? undefined : watchParts(engines, seams.clock)
  const told = keptPages ? tellWrites(engines, keptPages) : engines
  const ports = countReads(watched?.ports ?? told, () => metrics.storeReads.inc())
  const failing = () => watched?.parts.failing ?? []
  const node = createUuidV7(seams.clock, seams.random)()
  const settings = activitySettings(config)
  const catalogues = await readCatalogues(config.activity.cataloguesDir)
  await using parts = new AsyncDisposableStack()
  const access = await openAccess(ports, config.access, seams, (error) =>
    log.warn({ err: error }, 'revocations could not be read'),
  )
  parts.use(access)
  const names = watched && namesAtHand(ports.users, seams.scheduler, () => watched.parts.failed('users'))
  // Whoever is erased is revoked, and every server hears of that.
  if (names) parts.use(access.onRevoked(({ userId }) => userId !== null && names.forget(userId)))
  const activity = createActivity(
    names ? { ...ports, users: names } : ports,
    {
      settings,
      catalogues,
      metrics: workerMetrics(metrics, log),
      onWorkerFailure,
      works: roles.has('worker'),
      ...(keptPages && { keptPages }),
    },
    seams,
  )
  parts.use(activity)
  const { behindMs } = activity
  const ingest = createIngest(
    { log: ports.log, traces: ports.traces, behindMs },
    {
      notifySelf: (type) => settings.rulesOf(type).notifySelf,
      maxInFlightEvents: config.http.maxInFlightEvents,
      maxInFlightMs: config.http.maxInFlightMs,
      maxBehindMs: config.log.maxLagMs,
    },
    seams,
    {
      onAccepted(events, changingNothing) {
        metrics.eventsAccepted.inc(events)
        metrics.eventsApplied.inc(changingNothing)
      },
      onRejected: (events) => metrics.eventsRejected.inc(events),
      onRefused: (reason) => metrics.ingestRefusals.inc({ reason }),
      onTraceLost: (error) => log.warn({ err: error }, 'what became of an event was not noted'),
    },
  )
  const gateway = roles.has('gateway') ? parts.use(openGateway()) : null
  metrics.onCollect(async () => {
    const stats = gateway?.stats()
    metrics.sockets.set(stats?.sockets ?? 0)
    metrics.socketUsers.set(stats?.users ?? 0)
    metrics.logLagSeconds.set(behindMs() / 1_000)
    // What cannot be asked at the moment keeps the value it had.
    const totals = await totalsOf(ports.log).catch(() => null)
    if (totals) metrics.logLag.set(totals.end - totals.committed)
    const size = options.databaseSize?.()
    metrics.databaseBytes.set(size?.databaseBytes ?? 0)
    metrics.databaseWalBytes.set(size?.walBytes ?? 0)
    const queued = await ports.offline.entries().catch(() => null)
    if (queued !== null) metrics.offlineQueueEntries.set(queued)
    const down = failing()
    for (const part of partNames) metrics.partUp.set({ part }, down.includes(part) ? 0 : 1)
  })
  if (roles.has('worker')) parts.use(keepHouse())
  const running = parts.move()
  return {
    ports,
    access,
    activity,
    ingest,
    gateway,
    metrics,
    failing,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }

  function openGateway(): Gateway {
    return createGateway(
      {
        stream: activity.stream,
        wishedLanguage: activity.wishedLanguage,
        pubSub: ports.pubSub,
        sessions: ports.sessions,
        devices: ports.devices,
        access: socketAccess(access),
        observer: {
          onPushed: (ms) => metrics.pushSeconds.observe(ms / 1_000),
          onClosed: (reason) => metrics.socketCloses.inc({ reason }),
          onFailure: (error) => log.warn({ err: error }, 'a socket could not be served'),
        },
      },
      gatewaySettings(config, node),
      seams,
    )
  }

  function keepHouse(): AsyncDisposable {
    return startHousekeeping(ports, housekeepingSettings(config), seams, (task, error) =>
      log.warn({ err: error, task }, 'housekeeping failed'),
    )
  }

  function onWorkerFailure(error: unknown): void {
    log.error({ err: error }, 'the worker failed and starts over from the log')
  }
}

function refuseAddress(error: NodeJS.ErrnoException, address: string): never {
  const messages: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there; PORT names another one, PORT=0 takes any that is free',
    EACCES: 'this port needs rights that the server does not have',
    EADDRNOTAVAIL: 'this machine does not have the address of http.host',
  }
  const message = messages[error.code ?? '']
  if (message === undefined) throw error
  throw new ConfigError([{ key: 'http.port', source: address, message }])
}

export async function createRoutes(
  features: Omit<Features, keyof AsyncDisposable>,
  options: AssembleOptions,
): Promise<App> {
  const { ports, access, activity, ingest, gateway, metrics, failing } = features
  const { config, seams, log, webFolder } = options
  const { reader, readState, deletion } = activity
  const { clock } = seams
  const webApp: WebApp = webFolder === null ? new Map() : await loadWebApp(webFolder)
  const app = createApp({
    access,
    idempotency: ports.idempotency,
    seams,
    settings: config.http,
    log,
    metrics,
    failing,
    ...(webFolder === null ? {} : { webApp }),
  })
  const retentionMs = activitySettings(config).retentionMs
  const roles = rolesOf(config)
  if (roles.has('api')) {
    addEventRoutes(app, { ingest })
    addActivityRoutes(app, {
      reader,
      readState,
      wishedLanguage: activity.wishedLanguage,
      cursors: createCursors(config.access.tokenSecrets),
      clock,
      retentionMs,
    })
    addMarkRoutes(app, { reader, readState })
    addObjectRoutes(app, { deletion })
    addUserRoutes(app, { users: ports.users, deletion: { eraseUser }, clock })
    addTokenRoutes(app, { access })
    addPresenceRoutes(app, { sessions: ports.sessions, clock })
  }
  if (gateway) {
    addStreamRoute(app, gateway)
    addSocketRoute(app, socketPath)
    app.server.on('upgrade', (request, socket, head) => gateway.handleUpgrade(request, socket, head))
  }
  addOperationRoutes(app, { metrics, readiness, boundToLoopback: isLoopback(config.http.host) })
  if (!roles.has('api')) return app
  addDocumentRoutes(app, { version: packageJson.version, look: lookOf(webApp) })
  if (config.isDevelopment && config.demo.enabled) {
    await putDemoUsers(ports.users, clock.now())
    addDemoRoutes(app, { access, users: ports.users, submit: (event) => ingest.submit([event], {}) })
  }
  return app

  /** First, or who is erased could still write: a mark, a name. And again, so that every server forgets what it read meanwhile. */
  async function eraseUser(user: UserId): Promise<boolean> {
    await access.revoke({ userId: user })
    const existed = await deletion.eraseUser(user)
    await access.revoke({ userId: user })
    return existed
  }

  async function readiness() {
    const wrong = await options.checkEngines()
    const ofRoles = Object.fromEntries(allRoles.filter((role) => roles.has(role)).map((role) => [role, 'ok']))
    const { wrong: ofWorker } = activity.worker
    return { ready: isOfUse(wrong, config), parts: { ...ofRoles, ...(ofWorker && { worker: ofWorker }), ...wrong } }
  }
}

/**
 * Without its store an embedded server is of no use. One of a cluster shares its parts with all others: if it called
 * itself unready for one of them, none would be left to do what still works.
 */
function isOfUse(wrong: Readonly<Record<string, string>>, config: Config): boolean {
  if (config.engine === 'embedded') return Object.keys(wrong).length === 0
  return wrong.log === undefined || wrong.store === undefined
}

export const demoLogins = (config: Config, url: string) =>
  config.isDevelopment && config.demo.enabled
    ? demoUsers.slice(0, 3).map(({ id, name }) => ({ user: id, name, url: `${url}/?user=${id}` }))
    : []

function workerMetrics(metrics: Metrics, log: Log) {
  return {
    applied: (events: number) => metrics.eventsApplied.inc(events),
    openWindows: (windows: number) => metrics.openWindows.set(windows),
    groupWrites: (rows: number) => metrics.groupWrites.inc(rows),
    degraded: (part: string, error: unknown) => log.warn({ err: error, part }, 'a part failed; going on without it'),
    parked({ partition, offset }: { readonly partition: number; readonly offset: number }, reason: string) {
      metrics.recordsParked.inc()
      log.error({ partition, offset, reason }, 'a record cannot be folded and is set aside')
    },
    dropped(records: number) {
      metrics.recordsDropped.inc(records)
      log.error({ records }, 'the log dropped records before they were folded: what they say is missing for good')
    },
  }
}

function gatewaySettings({ gateway, http }: Config, node: string): GatewaySettings {
  return { ...gatewayDefaults, ...gateway, node, allowedOrigins: [...http.allowedOrigins, ...http.corsOrigins] }
}
