import { fileURLToPath } from 'node:url'
import { createBadge } from './activity/badge.ts'
import { boundsNow } from './activity/log-bounds.ts'
import { type ReplayReport, replay } from './activity/replay.ts'
import { type ParkedReplay, replayParked } from './activity/replay-parked.ts'
import { activitySettings } from './activity/settings.ts'
import { rulesThen, type VerifyReport, verify } from './activity/verify.ts'
import { assemble, demoLogins } from './assemble.ts'
import { rolesOf } from './config/roles.ts'
import type { Config } from './config/secrets.ts'
import { openEmbedded } from './engines/embedded.ts'
import { openMemory } from './engines/memory/open.ts'
import { createMemoryStorage } from './engines/memory/storage.ts'
import { requireDatabase } from './engines/sqlite/open.ts'
import { compileTicks } from './lib/fast-ticks.ts'
import type { Log } from './lib/log.ts'
import type { Seams } from './lib/seams.ts'
import { systemSeams } from './lib/system-seams.ts'
import type { GroupId, Seq, UserId } from './model/ids.ts'
import { epochStart } from './model/position.ts'
import type { EventLog } from './ports/event-log.ts'
import type { ParkedRecord } from './ports/parked-records.ts'
import type { Ports } from './ports/ports.ts'

/** Where `npm start` builds the web app; the server runs without it as well. */
const webFolder = fileURLToPath(new URL('../../web/dist', import.meta.url))
const differencesMax = 10_000

export interface RunningServer {
  readonly url: string
  readonly apiKey: string
  readonly demoLogins: readonly { readonly user: string; readonly name: string; readonly url: string }[]
  /** Stops taking requests, lets go of its sockets, finishes what was accepted. */
  close(): Promise<void>
}

export interface StartOptions {
  readonly log: Log
  readonly seams?: Seams
  /** Aborted: services that cannot be reached are not waited for any longer. */
  readonly signal?: AbortSignal
}

/** Starts a whole server: opens the engines that the configuration names, connects the features, listens. */
export async function start(config: Config, options: StartOptions): Promise<RunningServer> {
  const { log, seams = systemSeams, signal } = options
  await compileTicks()
  const engines = await openEngines(config, seams, log, signal)
  try {
    const { checkEngines, ports, databaseSize } = engines
    const server = await assemble(ports, {
      config,
      seams,
      log,
      webFolder: rolesOf(config).has('api') ? webFolder : null,
      checkEngines,
      ...(databaseSize && { databaseSize }),
    })
    const url = await server.listen().catch(async (error: unknown) => {
      await server.close()
      throw error
    })
    return {
      url,
      apiKey: config.access.apiKeys[0] ?? '',
      demoLogins: demoLogins(config, url),
      async close() {
        await server.close()
        await engines[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await engines[Symbol.asyncDispose]()
    throw error
  }
}

interface Engines extends AsyncDisposable {
  readonly ports: Ports
  users(): AsyncIterable<UserId>
  checkEngines(): Promise<Readonly<Record<string, string>>>
  /** Of an embedded server. */
  readonly databaseSize?: () => { readonly databaseBytes: number; readonly walBytes: number }
  /** What is wrong with the database file of an embedded server. */
  readonly checkIntegrity?: () => readonly string[]
}

async function openEngines(config: Config, seams: Seams, log: Log, signal?: AbortSignal): Promise<Engines> {
  if (config.engine === 'cluster') {
    const { openCluster } = await import('./engines/cluster.ts')
    const engines = await openCluster(config, seams, (what, error) => log.warn({ err: error }, what), signal)
    for (const warning of engines.warnings) log.warn(warning)
    return engines
  }
  const engines = await openEmbedded(config, seams)
  const { database } = engines
  return {
    ports: engines.ports,
    users: () => engines.users(),
    checkEngines: () => engines.checkEngines(),
    databaseSize: () => database.stats(),
    checkIntegrity: () => database.checkIntegrity(),
    [Symbol.asyncDispose]: () => engines[Symbol.asyncDispose](),
  }
}

/** Tools on the data of a server that is stopped. */
export interface DataTools extends AsyncDisposable {
  verify(onProgress: OnProgress): Promise<VerifyReport & { readonly records: number }>
  replay(onProgress: OnProgress): Promise<ReplayReport & { readonly changedGroups: number }>
}

export type OnProgress = (done: number, total: number, what: string) => void

export async function openData(config: Config, { log: serverLog }: { readonly log: Log }): Promise<DataTools> {
  const seams = systemSeams
  if (config.engine === 'embedded') requireDatabase(config.data.dir)
  const engines = await openEngines(config, seams, serverLog)
  const { ports } = engines
  const settings = activitySettings(config)
  return {
    async verify(onProgress) {
      const { log } = ports
      const remade = openMemory(createMemoryStorage(), seams)
      const createdFrom = seams.clock.now() - settings.retentionMs
      const then = await rulesThen(ports.groups, engines.users(), settings.rulesOf, createdFrom)
      const asThen = { ...settings, rulesThen: (groupId: GroupId) => then.get(groupId) }
      const { records } = await replay({ ...remade, log }, asThen, seams, ({ done, total }) =>
        onProgress(done, total, 'records'),
      )
      const spans = await foldedSpans(log)
      const spanOf = (user: UserId) => spans[log.partitionOf(user)] ?? { from: 0, foldedTo: 0 }
      const report = await verify(ports, engines.users(), {
        badge: createBadge({ ...ports, unread: remade.unread }, settings.retentionMs, seams),
        createdFrom,
        remade: {
          groups: remade.groups,
          from: (user) => spanOf(user).from,
          foldedTo: (user) => spanOf(user).foldedTo,
        },
        differencesMax,
        onProgress: (users) => onProgress(users, users, 'users'),
      })
      const damage = (engines.checkIntegrity?.() ?? []).map((found) => ({
        user: '',
        groupId: null,
        what: 'database file',
        found,
        expected: 'no damage',
      }))
      return { ...report, records, differences: [...damage, ...report.differences] }
    },
    async replay(onProgress) {
      const report = await replay(ports, settings, seams, ({ done, total }) => onProgress(done, total, 'records'))
      return { ...report, changedGroups: report.groupWrites }
    },
    [Symbol.asyncDispose]: () => engines[Symbol.asyncDispose](),
  }
}

/** Tools on the records that workers have set aside: of a cluster, which may be running, or of a server that is stopped. */
export interface ParkedTools extends AsyncDisposable {
  list(): Promise<readonly ParkedRecord[]>
  replay(): Promise<ParkedReplay>
}

export async function openParked(config: Config, { log: serverLog }: { readonly log: Log }): Promise<ParkedTools> {
  const engines = await openEngines(config, systemSeams, serverLog)
  const { log, parked } = engines.ports
  return {
    list: async () => (await parked?.list()) ?? [],
    replay: async () => (parked ? await replayParked(log, parked) : { replayed: [], left: [] }),
    [Symbol.asyncDispose]: () => engines[Symbol.asyncDispose](),
  }
}

interface FoldedSpan {
  readonly from: Seq
  readonly foldedTo: Seq
}

/** By partition: from which position on the log still has every record of its users, and up to which all are folded. */
async function foldedSpans(log: EventLog): Promise<readonly FoldedSpan[]> {
  const before = epochStart(log.info.epoch)
  const bounds = await boundsNow(log)
  return bounds.map(({ start, committed }) => ({ from: before + start + 1, foldedTo: before + committed }))
}
