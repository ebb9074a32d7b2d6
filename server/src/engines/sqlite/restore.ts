import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import packageJson from '../../../package.json' with { type: 'json' }
import { HeadwaterError } from '../../lib/error.ts'
import { makeFolder } from '../../lib/make-folder.ts'
import type { Seams } from '../../lib/seams.ts'
import { mebibytes } from './backup.ts'
import { type BackupInfo, databaseOf, readBackup } from './backup-file.ts'
import { lockFolder } from './folder-lock.ts'
import { syncFolder } from './folder-sync.ts'
import { problemsOf } from './inspect.ts'
import { restartLog } from './log-info.ts'
import { checkReadable } from './migrate.ts'
import { migrations } from './migrations/all.ts'
import { databaseFile, lockFile, openSqlite, unfinishedRestore } from './open.ts'
import { refusal } from './sqlite-errors.ts'

export type OnRestoreStep = (done: number, total: number, what: 'verified' | 'copied' | 'checked' | 'placed') => void

/** What an empty data directory may hold: marks of a file system, and what an earlier restore left that did not finish. */
const mayBeThere = new Set(['lost+found', lockFile, `${lockFile}-journal`, unfinishedRestore])
/** A restore writes beside the database: its write-ahead log while what is left in the log is folded. */
const spareBytes = 128 * 2 ** 20

/**
 * A backup on its way into a data directory. It is built in a folder inside, and the last step moves the finished database
 * up: until then a server refuses to start on the data directory, and whatever ends the restore, there is all or nothing.
 * Unfinished work goes away with it.
 */
export class SqliteRestore implements Disposable {
  readonly info: BackupInfo
  /** A data directory of its own, until `finish`. */
  readonly workFolder: string
  readonly #folder: string
  readonly #undo: DisposableStack

  private constructor(info: BackupInfo, folder: string, undo: DisposableStack) {
    this.info = info
    this.#folder = folder
    this.workFolder = join(folder, unfinishedRestore)
    this.#undo = undo
  }

  /** Verifies the backup before anything is made, then copies its database and checks that. */
  static async begin(path: string, folder: string, onStep: OnRestoreStep): Promise<SqliteRestore> {
    checkEmpty(folder)
    const info = await readBackup(path, (done, total) => onStep(done, total, 'verified'))
    if (info.schema > migrations.length) {
      throw refusal(
        `The backup was made by a newer Headwater (${info.headwater}, schema ${info.schema}), and this is Headwater ` +
          `${packageJson.version}, which knows schemas up to ${migrations.length}. Restore it with the newer one`,
      )
    }
    using undo = new DisposableStack()
    claim(folder, undo)
    const restore = new SqliteRestore(info, folder, undo.move())
    try {
      await restore.#copy(path, onStep)
      return restore
    } catch (error) {
      restore[Symbol.dispose]()
      throw error
    }
  }

  /**
   * Begins a log of a new epoch behind the views, and puts the database in its place. Everything in the log has to be
   * folded, and nothing may have the work folder open.
   */
  async finish(partitions: number, seams: Seams, onStep: OnRestoreStep): Promise<void> {
    onStep(0, 2, 'placed')
    {
      await using database = await openSqlite({ folder: this.workFolder }, seams)
      await restartLog(database, partitions, seams)
    }
    const built = join(this.workFolder, databaseFile)
    if (existsSync(`${built}-wal`)) throw refusal('The restored database cannot be written out whole')
    syncFile(built)
    onStep(1, 2, 'placed')
    renameSync(built, join(this.#folder, databaseFile))
    syncFolder(this.#folder)
    onStep(2, 2, 'placed')
  }

  [Symbol.dispose](): void {
    this.#undo.dispose()
  }

  async #copy(path: string, onStep: OnRestoreStep): Promise<void> {
    const { info, workFolder } = this
    const { bavail, bsize } = statfsSync(workFolder)
    if (bavail * bsize < info.database_bytes + spareBytes) {
      throw new HeadwaterError('storage_full', {
        detail:
          `The restored database takes ${mebibytes(info.database_bytes)} MiB and some room to work in, and the data ` +
          `directory has ${mebibytes(bavail * bsize)} MiB free`,
      })
    }
    const copy = join(workFolder, databaseFile)
    await using file = await open(copy, 'wx', 0o600)
    let done = 0
    for await (const chunk of databaseOf(path, info)) {
      await file.appendFile(chunk)
      done += chunk.byteLength
      onStep(done, info.database_bytes, 'copied')
    }
    await file.sync()
    onStep(0, 1, 'checked')
    checkDatabase(copy)
    onStep(1, 1, 'checked')
  }
}

function checkDatabase(path: string): void {
  using database = new DatabaseSync(path, { readOnly: true })
  checkReadable(database, { version: packageJson.version, migrations })
  const [problem] = problemsOf(database, 1)
  if (problem !== undefined)
    throw refusal(`The database in the backup is damaged, and nothing was restored (${problem})`)
}

/** Has the folder for itself; unless the restore finishes, a folder that it made goes away again. */
function claim(folder: string, undo: DisposableStack): void {
  const made = makeFolder(folder)
  if (made !== undefined) syncFolder(dirname(made))
  const lock = join(folder, lockFile)
  undo.defer(() => {
    if (made === undefined || existsSync(join(folder, databaseFile))) return
    for (const suffix of ['', '-journal']) rmSync(lock + suffix, { force: true })
    rmdirSync(folder)
  })
  undo.use(lockFolder(lock))
  checkEmpty(folder)
  const work = join(folder, unfinishedRestore)
  rmSync(work, { recursive: true, force: true })
  undo.defer(() => rmSync(work, { recursive: true, force: true }))
  mkdirSync(work, { mode: 0o700 })
  syncFolder(folder)
}

function checkEmpty(folder: string): void {
  const stat = statSync(folder, { throwIfNoEntry: false })
  if (stat && !stat.isDirectory()) throw refusal('The data directory is a file')
  const [found] = stat ? readdirSync(folder).filter((name) => !mayBeThere.has(name)) : []
  if (found === undefined) return
  throw refusal(
    `The data directory is not empty: ${found} is there, and a restore replaces nothing. Move it away, or name another one (--data)`,
  )
}

function syncFile(path: string): void {
  const handle = openSync(path, 'r+')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
