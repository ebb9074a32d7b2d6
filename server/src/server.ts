import { fileURLToPath } from 'node:url'
import { createBadge } from './activity/badge.ts'
import { type ReplayReport, replay } from './activity/replay.ts'
import { activitySettings } from './activity/settings.ts'
import { type VerifyReport, verify } from './activity/verify.ts'
import { assemble, demoLogins } from './assemble.ts'
import type { Config } from './config/secrets.ts'
import { openEmbedded } from './engines/embedded.ts'
import { openMemory } from './engines/memory/open.ts'
import { createMemoryStorage } from './engines/memory/storage.ts'
import { requireDatabase } from './engines/sqlite/open.ts'
import type { Log } from './lib/log.ts'
import type { Seams } from './lib/seams.ts'
import { systemSeams } from './lib/system-seams.ts'
import { epochStart } from './model/position.ts'

/** Where `npm run build` of the web app leaves it; the server runs without it as well. */
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
}

/** Starts a whole server: opens the engines that the configuration names, connects the features, listens. */
export async function start(config: Config, { log, seams = systemSeams }: StartOptions): Promise<RunningServer> {
  const engines = await openEmbedded(config, seams)
  try {
    const { checkEngines, ports, database } = engines
    const databaseSize = () => database.stats()
    const server = await assemble(ports, { config, seams, log, webFolder, checkEngines, databaseSize })
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

/** Tools on the data of a server that is stopped. */
export interface DataTools extends AsyncDisposable {
  verify(onProgress: OnProgress): Promise<VerifyReport & { readonly records: number }>
  replay(onProgress: OnProgress): Promise<ReplayReport & { readonly changedGroups: number }>
}

export type OnProgress = (done: number, total: number, what: string) => void

export async function openData(config: Config, _options: { readonly log: Log }): Promise<DataTools> {
  const seams = systemSeams
  requireDatabase(config.data.dir)
  const engines = await openEmbedded(config, seams)
  const { ports } = engines
  const settings = activitySettings(config.activity)
  return {
    async verify(onProgress) {
      const { log } = ports
      const remade = openMemory(createMemoryStorage(), seams)
      const { records } = await replay({ ...remade, log }, settings, seams, ({ done, total }) =>
        onProgress(done, total, 'records'),
      )
      const from = await completeFrom(log)
      const report = await verify(ports, engines.users(), {
        badge: createBadge({ ...ports, unread: remade.unread }, settings.retentionMs, seams.clock),
        createdFrom: seams.clock.now() - settings.retentionMs,
        remade: { groups: remade.groups, from: (user) => from[log.partitionOf(user)] ?? 0 },
        differencesMax,
        onProgress: (users) => onProgress(users, users, 'users'),
      })
      const damage = engines.database
        .checkIntegrity()
        .map((found) => ({ user: '', groupId: null, what: 'database file', found, expected: 'no damage' }))
      return { ...report, records, differences: [...damage, ...report.differences] }
    },
    async replay(onProgress) {
      const report = await replay(ports, settings, seams, ({ done, total }) => onProgress(done, total, 'records'))
      return { ...report, changedGroups: report.groupWrites }
    },
    [Symbol.asyncDispose]: () => engines[Symbol.asyncDispose](),
  }
}

/** From which position on the log still has every record of its users. */
async function completeFrom(log: Awaited<ReturnType<typeof openEmbedded>>['ports']['log']): Promise<readonly number[]> {
  const from: number[] = []
  for (let partition = 0; partition < log.info.partitions; partition++) {
    const { start } = await log.bounds(partition)
    from.push(epochStart(log.info.epoch) + start + 1)
  }
  return from
}
