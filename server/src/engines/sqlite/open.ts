import { accessSync, constants, existsSync } from 'node:fs'
import { join } from 'node:path'
import packageJson from '../../../package.json' with { type: 'json' }
import { makeFolder } from '../../lib/make-folder.ts'
import type { Seams } from '../../lib/seams.ts'
import { SqliteDatabase } from './database.ts'
import { lockFolder } from './folder-lock.ts'
import { inspect } from './inspect.ts'
import { migrations } from './migrations/all.ts'
import { ownerOnly } from './owner-only.ts'
import { Reader } from './reader.ts'
import { refusal } from './sqlite-errors.ts'
import { Writer } from './writer.ts'

export interface SqliteSettings {
  /** The data directory; created when missing. One process at a time. */
  readonly folder: string
  /** Memory for pages, KiB: of the writing and of the reading connection. */
  readonly writeCacheKib?: number
  readonly readCacheKib?: number
  /** Writes that may wait before callers are told `overloaded`. */
  readonly maxQueuedCommands?: number
  readonly maxQueuedBytes?: number
  /** The database may not grow past this many pages (8 KiB each); no limit when left out. */
  readonly maxPages?: number
}

export const databaseFile = 'headwater.db'
export const lockFile = 'headwater.lock'
/** Where a restore builds a database; there without one beside it, the restore did not finish. */
export const unfinishedRestore = 'restoring'

/**
 * Opens the database of a data directory, or makes it. Rejects with a HeadwaterError whose detail tells the operator why:
 * another process has the folder, a newer program wrote it, it is damaged (and left as it is), the disk is full or
 * read-only.
 */
export async function openSqlite(settings: SqliteSettings, seams: Seams): Promise<SqliteDatabase> {
  createFolder(settings.folder)
  const path = join(settings.folder, databaseFile)
  const program = { version: packageJson.version, migrations }
  using undo = new DisposableStack()
  const lock = undo.use(lockFolder(join(settings.folder, lockFile)))
  refuseHalfRestored(settings.folder)
  inspect(path, program)
  ownerOnly(path)
  const limits = {
    maxCommands: settings.maxQueuedCommands ?? 50_000,
    maxBytes: settings.maxQueuedBytes ?? 64 * 2 ** 20,
  }
  await using undoThread = new AsyncDisposableStack()
  const writer = undoThread.use(new Writer(seams, limits))
  await writer.open({
    path,
    programVersion: program.version,
    now: seams.clock.now(),
    cacheKib: settings.writeCacheKib ?? 64 * 1024,
    maxPages: settings.maxPages ?? null,
  })
  const reader = new Reader(path, settings.readCacheKib ?? 32 * 1024)
  undo.move()
  undoThread.move()
  return new SqliteDatabase({ path, lock, writer, reader })
}

export const hasDatabase = (folder: string): boolean => existsSync(join(folder, databaseFile))

/** For tools that only look: opening makes what is missing. */
export function requireDatabase(folder: string): void {
  if (!hasDatabase(folder)) throw refusal('There is no database in the data directory')
}

/** A new database would take the place of the one that somebody wants back. */
function refuseHalfRestored(folder: string): void {
  if (!existsSync(join(folder, unfinishedRestore)) || existsSync(join(folder, databaseFile))) return
  throw refusal('A restore into this data directory did not finish: run it again, or empty it')
}

function createFolder(folder: string): void {
  try {
    makeFolder(folder)
  } catch (error) {
    throw refusal('The data directory cannot be made: is the place writable, and does it have space?', error)
  }
  try {
    accessSync(folder, constants.W_OK)
  } catch (error) {
    throw refusal('The data directory is not writable', error)
  }
}
