import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { replay } from '../../src/activity/replay.ts'
import { activitySettings } from '../../src/activity/settings.ts'
import { settingsWith } from '../../src/config/load.ts'
import type { Config } from '../../src/config/secrets.ts'
import { openEmbedded } from '../../src/engines/embedded.ts'
import { databaseFile } from '../../src/engines/sqlite/open.ts'
import { temporaryFolder } from '../../src/engines/sqlite/testing/temporary-folder.ts'
import { silentLog } from '../../src/lib/log.ts'
import { systemSeams } from '../../src/lib/system-seams.ts'
import { openData } from '../../src/server.ts'
import type { Violation } from './history.ts'
import { comparableViews, differences, dumpTables, type TableDump } from './table-dump.ts'

/**
 * The data directory of a stopped server against its own log, on a copy: folding the whole log once more leaves every table
 * as it is, byte by byte; folding it into an empty database makes the same views; and every count and badge, counted from
 * scratch, is the one that is kept.
 */
export async function checkConvergence(folder: string): Promise<Violation[]> {
  using copy = temporaryFolder()
  for (const suffix of ['', '-wal']) {
    const file = `${databaseFile}${suffix}`
    if (existsSync(join(folder, file))) copyFileSync(join(folder, file), join(copy.path, file))
  }
  const path = join(copy.path, databaseFile)
  // Opened and closed once: what a crash has left in the write-ahead log is then in its place.
  const isFolded = await isWorkedOff(copy.path)
  const before = dumpTables(path)
  await replayOver(copy.path)
  const once = dumpTables(path)
  await replayOver(copy.path)
  const twice = dumpTables(path)
  return [
    ...(isFolded ? tell('a replay changed', differences(before, once)) : []),
    ...tell('a second replay changed', differences(once, twice)),
    ...tell(
      'made anew from the log differs',
      differences(comparableViews(once), comparableViews(await anew(copy.path))),
    ),
    ...(await counted(copy.path)),
  ]
}

const tell = (what: string, found: readonly string[]): Violation[] =>
  found.map((row) => ({ kind: 'convergence', user: '', detail: `${what}: ${row}` }))

/** As the folder's own log is shared out. */
function configOf(folder: string, partitions = partitionsOf(folder)): Config {
  return {
    ...settingsWith({ 'data.dir': folder, 'log.partitions': partitions }),
    access: { apiKeys: ['unused'], tokenSecrets: ['unused as well, and long enough'] },
    isDevelopment: false,
  }
}

function partitionsOf(folder: string): number {
  using db = new DatabaseSync(join(folder, databaseFile), { readOnly: true })
  return Number(db.prepare('SELECT count(*) AS partitions FROM log_partitions').get()?.partitions)
}

async function isWorkedOff(folder: string): Promise<boolean> {
  await using engines = await openEmbedded(configOf(folder), systemSeams)
  const { log } = engines.ports
  for (let partition = 0; partition < log.info.partitions; partition++) {
    const { end, committed } = await log.bounds(partition)
    if (committed < end) return false
  }
  return true
}

async function replayOver(folder: string): Promise<void> {
  await using data = await openData(configOf(folder), { log: silentLog })
  await data.replay(() => {})
}

async function anew(folder: string): Promise<TableDump> {
  using empty = temporaryFolder()
  {
    await using engines = await openEmbedded(configOf(folder), systemSeams)
    const { log } = engines.ports
    const config = configOf(empty.path, log.info.partitions)
    await using fresh = await openEmbedded(config, systemSeams)
    await replay({ ...fresh.ports, log }, activitySettings(config), systemSeams)
  }
  return dumpTables(join(empty.path, databaseFile))
}

async function counted(folder: string): Promise<Violation[]> {
  await using data = await openData(configOf(folder), { log: silentLog })
  const { differences } = await data.verify(() => {})
  return differences.map(({ user, groupId, what, found, expected }) => ({
    kind: 'convergence',
    user,
    detail: `${what} of ${groupId ?? 'the stream'} is ${JSON.stringify(found)}, counted ${JSON.stringify(expected)}`,
  }))
}
