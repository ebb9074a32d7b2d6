import {
  closeSync,
  existsSync,
  fdatasyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { backup as copyPages, DatabaseSync } from 'node:sqlite'
import packageJson from '../../../package.json' with { type: 'json' }
import { HeadwaterError } from '../../lib/error.ts'
import { type BackupInfo, sealBackup } from './backup-file.ts'
import { lockFolder } from './folder-lock.ts'
import { syncFolder } from './folder-sync.ts'
import { damaged, inspect, problemsOf } from './inspect.ts'
import { checkReadable } from './migrate.ts'
import { migrations } from './migrations/all.ts'
import { databaseFile, lockFile, requireDatabase } from './open.ts'
import { isDamage, refusal } from './sqlite-errors.ts'

export type OnStep = (done: number, total: number, what: 'copied' | 'checked' | 'sealed') => void

export interface BackupOptions {
  /** The data directory. */
  readonly folder: string
  /** A file that is not there yet, or a folder that is. */
  readonly target: string
  readonly now: number
  /** Calls it off; nothing of it is left then. */
  readonly signal?: AbortSignal
}

export interface BackupReport {
  readonly path: string
  readonly info: BackupInfo
  readonly checksum: string
  readonly bytes: number
}

/** Pages between two looks at progress: 8 MiB. */
const pagesAtOnce = 1_024
/** Dirty pages of the copy are written out in pieces: one large sync at the end would hold up the server's own. */
const syncedPages = 8 * pagesAtOnce
/** Left free on the disk beside the copy. */
const spareBytes = 16 * 2 ** 20

/**
 * Copies the database of a data directory as it is at one moment, whether or not a server has the folder. A connection of its
 * own holds a read transaction, and the pages are copied inside it: the server goes on writing into its write-ahead log,
 * which grows until the copy is done. Acknowledged means committed, so all that was acknowledged before is in the copy.
 *
 * The result appears under its name when it is whole, checked and synced, and replaces nothing.
 */
export async function backUpSqlite(
  { folder, target, now, signal }: BackupOptions,
  onStep: OnStep,
): Promise<BackupReport> {
  const source = join(folder, databaseFile)
  requireDatabase(folder)
  inspectUnlessRunning(folder, source)
  const createdAt = new Date(now).toISOString()
  const path = backupPath(target, createdAt)
  const partial = `${path}.${process.pid}.partial`
  const step: OnStep = (done, total, what) => {
    if (signal?.aborted) throw refusal('The backup was called off')
    onStep(done, total, what)
  }
  using undo = new DisposableStack()
  undo.defer(() => removeWithJournal(partial))
  try {
    await copyDatabase(source, partial, step)
    const info = checkedCopy(partial, createdAt, step)
    const checksum = await sealBackup(partial, info, (done, total) => step(done, total, 'sealed'))
    putInPlace(partial, path)
    return { path, info, checksum, bytes: statSync(path).size }
  } catch (error) {
    if (HeadwaterError.is(error)) throw error
    if (isDamage(error)) throw refusal(damaged, error)
    throw refusal(`The backup cannot be made: ${(error as Error).message}`, error)
  }
}

/**
 * Of a server that is stopped, as its next start would look: what cannot be read of a write-ahead log is left out by SQLite
 * without a word, and a backup must not hide that. Of one that runs the log is in motion, and was looked at when it started.
 */
function inspectUnlessRunning(folder: string, source: string): void {
  let lock: Disposable
  try {
    lock = lockFolder(join(folder, lockFile))
  } catch {
    return
  }
  using _ = lock
  inspect(source, { version: packageJson.version, migrations })
}

/** In a folder a backup is named after its time. */
function backupPath(target: string, createdAt: string): string {
  const found = statSync(target, { throwIfNoEntry: false })
  const path = found?.isDirectory() ? join(target, `headwater-${createdAt.replace(/[-:]|\.\d+/g, '')}.backup`) : target
  if (existsSync(path)) throw refusal(`${basename(path)} is there already: a backup replaces nothing`)
  if (!existsSync(dirname(path))) throw refusal('The folder for the backup does not exist')
  return path
}

async function copyDatabase(source: string, partial: string, onStep: OnStep): Promise<void> {
  using database = new DatabaseSync(source, { readOnly: true, timeout: 5_000 })
  checkReadable(database, { version: packageJson.version, migrations })
  // What is read first fixes the moment.
  database.exec('BEGIN')
  const bytes = Number(
    database.prepare('SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size').get()?.n,
  )
  const { bavail, bsize } = statfsSync(dirname(partial))
  if (bavail * bsize < bytes + spareBytes) {
    throw new HeadwaterError('storage_full', {
      detail: `The backup takes ${mebibytes(bytes)} MiB, and where it is to go are ${mebibytes(bavail * bsize)} MiB free`,
    })
  }
  const file = openSync(partial, 'w', 0o600)
  try {
    let syncedAt = 0
    await copyPages(database, partial, {
      rate: pagesAtOnce,
      progress({ totalPages, remainingPages }) {
        const copied = totalPages - remainingPages
        if (copied - syncedAt >= syncedPages) {
          fdatasyncSync(file)
          syncedAt = copied
        }
        onStep(Math.floor((bytes * copied) / totalPages), bytes, 'copied')
      },
    })
    onStep(bytes, bytes, 'copied')
  } finally {
    closeSync(file)
  }
}

/** A copy that cannot be read is no backup. It leaves write-ahead mode here, so that it is one file. */
function checkedCopy(partial: string, createdAt: string, onStep: OnStep): BackupInfo {
  using copy = new DatabaseSync(partial)
  onStep(0, 1, 'checked')
  copy.exec('PRAGMA journal_mode = DELETE')
  const [problem] = problemsOf(copy, 1)
  if (problem !== undefined) throw refusal(`${damaged} (${problem})`)
  onStep(1, 1, 'checked')
  return { ...whatItHolds(copy), created_at: createdAt, database_bytes: statSync(partial).size }
}

const partitionSpan = 2 ** 40

function whatItHolds(copy: DatabaseSync): Omit<BackupInfo, 'created_at' | 'database_bytes'> {
  const log = copy.prepare('SELECT log_id, epoch, partitions FROM log_info').get()
  const schema = copy.prepare('SELECT max(number) AS n FROM migrations').get()
  if (!log) throw refusal('The database in the data directory is still empty: no server has run on it')
  const bounds = copy.prepare('SELECT start, committed FROM log_partitions WHERE partition = ?')
  // All columns, since schema 1 has no batches, and a backup is made before an upgrade as well.
  const newest = copy.prepare('SELECT * FROM log WHERE position >= ? AND position < ? ORDER BY position DESC LIMIT 1')
  return {
    format: 1,
    headwater: packageJson.version,
    schema: Number(schema?.n),
    epoch: Number(log.epoch),
    epoch_name: `${log.log_id}-${log.epoch}`,
    partitions: Array.from({ length: Number(log.partitions) }, (_, partition) => {
      const first = partition * partitionSpan
      const found = bounds.get(partition)
      const last = newest.get(first, first + partitionSpan)
      const committed = Number(found?.committed ?? 0)
      const end = last ? Math.max(committed, Number(last.position) - first + recordsIn(last.batch)) : committed
      return { partition, start: Number(found?.start ?? 0), committed, end }
    }),
  }
}

const recordsIn = (batch: unknown): number => (typeof batch === 'string' ? JSON.parse(batch).length : 1)

/** A link never replaces what is there; where a file system has none, a rename after one more look has to do. */
function putInPlace(partial: string, path: string): void {
  try {
    linkSync(partial, path)
    rmSync(partial)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' || existsSync(path))
      throw refusal(`${basename(path)} is there already: a backup replaces nothing`)
    renameSync(partial, path)
  }
  syncFolder(dirname(path))
}

function removeWithJournal(partial: string): void {
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(partial + suffix, { force: true })
}

export const mebibytes = (bytes: number): string => Math.ceil(bytes / 2 ** 20).toLocaleString('en')
