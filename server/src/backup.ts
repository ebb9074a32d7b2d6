import { foldRest } from './activity/fold-rest.ts'
import { activitySettings } from './activity/settings.ts'
import type { Settings } from './config/schema.ts'
import { openEmbedded } from './engines/embedded.ts'
import { type BackupReport, backUpSqlite } from './engines/sqlite/backup.ts'
import { SqliteRestore } from './engines/sqlite/restore.ts'
import { systemSeams } from './lib/system-seams.ts'

/** `done` of `total`, in whatever the step counts. */
export type OnStep = (done: number, total: number, what: string) => void

export type { BackupReport } from './engines/sqlite/backup.ts'
export { hasDatabase } from './engines/sqlite/open.ts'

/** Copies the data of a server that runs, or of one that is stopped. */
export function backUp(
  settings: Settings,
  target: string,
  onStep: OnStep,
  signal?: AbortSignal,
): Promise<BackupReport> {
  const now = systemSeams.clock.now()
  return backUpSqlite({ folder: settings.data.dir, target, now, ...(signal ? { signal } : {}) }, onStep)
}

export interface RestoreReport {
  readonly createdAt: string
  readonly databaseBytes: number
  /** Events that were accepted and not in any group yet when the backup was made. */
  readonly foldedEvents: number
  readonly unreadable: number
  readonly partitions: { readonly before: number; readonly now: number }
}

/**
 * Puts a backup into an empty data directory. What the log has and no group yet is folded first, since the log itself
 * begins anew: it gets a higher epoch, which is how clients that saw more than the backup has are told `reset`.
 */
export async function restore(settings: Settings, path: string, onStep: OnStep): Promise<RestoreReport> {
  const { data, log } = settings
  using restoring = await SqliteRestore.begin(path, data.dir, onStep)
  const { info, workFolder } = restoring
  const before = info.partitions.length
  onStep(0, 1, 'folded')
  const folded = await foldWhatIsLeft()
  onStep(1, 1, 'folded')
  const now = log.partitions ?? before
  await restoring.finish(now, systemSeams, onStep)
  return {
    createdAt: info.created_at,
    databaseBytes: info.database_bytes,
    foldedEvents: folded.events,
    unreadable: folded.unreadable,
    partitions: { before, now },
  }

  async function foldWhatIsLeft() {
    const old = { data: { dir: workFolder }, log: { partitions: before, maxLag: Number.MAX_SAFE_INTEGER } }
    await using engines = await openEmbedded(old, systemSeams)
    return await foldRest(engines.ports, activitySettings(settings), systemSeams)
  }
}
