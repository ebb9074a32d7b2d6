import { DatabaseSync } from 'node:sqlite'
import { parentPort, receiveMessageOnPort } from 'node:worker_threads'
import { HeadwaterError } from '../../lib/error.ts'
import { type Command, type CommandOutcome, rowsIn } from './commands.ts'
import { commitGroup } from './group-commit.ts'
import { damaged } from './inspect.ts'
import { migrate } from './migrate.ts'
import { migrations } from './migrations/all.ts'
import { isDamage, refusal } from './sqlite-errors.ts'
import { Statements } from './statements.ts'

/**
 * The thread that owns the one writing connection. Whatever waits when it is free becomes one transaction: the slower the
 * disk, the larger the groups. Commands run in the order in which they were posted; answers go back in that order.
 */
export type ToWriter =
  | { readonly kind: 'open'; readonly settings: WriterSettings }
  | { readonly kind: 'write'; readonly commands: readonly Command[] }
  /** Moves the write-ahead log into the database and cuts it to nothing, if no reader needs it. */
  | { readonly kind: 'truncate' }
  | { readonly kind: 'close' }

export type FromWriter =
  | { readonly kind: 'opened' }
  | {
      readonly kind: 'refused'
      readonly code: 'store_unavailable' | 'storage_full'
      readonly detail: string
      readonly cause: string
    }
  /** The outcomes of the next commands that were posted and not answered. */
  | { readonly kind: 'outcomes'; readonly outcomes: readonly CommandOutcome[] }

export interface WriterSettings {
  readonly path: string
  readonly programVersion: string
  readonly now: number
  readonly cacheKib: number
  /** The largest size in pages of the database, to try what happens when it is full; `null` = no limit. */
  readonly maxPages: number | null
}

/** A group ends after this many rows, so that a small write behind a large one does not wait for long. */
const groupRows = 5_000
/** Past this many pages the write-ahead log is moved into the database; rare, since each page is then moved once. */
const checkpointPages = 16_000
const keptWalBytes = 160 * 2 ** 20
const pageBytes = 8_192
const busyMs = 5_000

const port = parentPort
if (!port) throw new Error('writer-thread.ts runs as a worker thread')

let db: DatabaseSync | undefined
let statements: Statements | undefined
const waiting: Command[] = []

port.on('message', (message: ToWriter) => {
  take(message)
  while (waiting.length > 0) {
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) take(next.message as ToWriter)
    commitWaiting()
  }
})

function take(message: ToWriter): void {
  if (message.kind === 'write') for (const command of message.commands) waiting.push(command)
  else {
    while (waiting.length > 0) commitWaiting()
    tend(message)
  }
}

function commitWaiting(): void {
  if (waiting.length === 0) return
  if (!db || !statements) throw new Error('a write before the database was opened')
  let count = 0
  for (let rows = 0; count < waiting.length && rows < groupRows; count++) rows += rowsIn(waiting[count] as Command)
  const outcomes = commitGroup(db, statements, waiting.splice(0, count))
  answer({ kind: 'outcomes', outcomes })
}

function tend(message: ToWriter): void {
  if (message.kind === 'open') openDatabase(message.settings)
  else if (message.kind === 'truncate') truncate()
  else if (message.kind === 'close') close()
}

function openDatabase(settings: WriterSettings): void {
  try {
    db = new DatabaseSync(settings.path, { timeout: busyMs })
    configure(db, settings)
    migrate(db, { version: settings.programVersion, migrations }, settings.now)
    statements = new Statements(db)
    answer({ kind: 'opened' })
  } catch (error) {
    const refused = HeadwaterError.is(error)
      ? error
      : refusal(isDamage(error) ? damaged : 'The database cannot be opened for writing', error)
    const code = refused.code === 'storage_full' ? 'storage_full' : 'store_unavailable'
    answer({ kind: 'refused', code, detail: refused.detail, cause: String(error) })
  }
}

function configure(connection: DatabaseSync, settings: WriterSettings): void {
  connection.exec(`PRAGMA page_size = ${pageBytes}`)
  connection.exec('PRAGMA journal_mode = WAL')
  connection.exec('PRAGMA synchronous = FULL')
  connection.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`)
  connection.exec(`PRAGMA journal_size_limit = ${keptWalBytes}`)
  connection.exec(`PRAGMA cache_size = -${settings.cacheKib}`)
  connection.exec('PRAGMA temp_store = MEMORY')
  connection.exec('PRAGMA trusted_schema = OFF')
  if (settings.maxPages !== null) connection.exec(`PRAGMA max_page_count = ${settings.maxPages}`)
  // A build or a file system may refuse either without an error, and a power cut would then lose what was acknowledged.
  const journal = connection.prepare('PRAGMA journal_mode').get()?.journal_mode
  const synchronous = connection.prepare('PRAGMA synchronous').get()?.synchronous
  if (journal !== 'wal' || synchronous !== 2) {
    throw refusal(`SQLite does not keep journal_mode=WAL and synchronous=FULL here (${journal}, ${synchronous})`)
  }
}

function truncate(): void {
  try {
    // Waits for no reader: a backup reads for as long as it copies, and the next write would wait with it.
    db?.exec('PRAGMA busy_timeout = 0')
    db?.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch {
    // A full or failing disk: the log stays longer, and the next write says what is wrong.
  } finally {
    db?.exec(`PRAGMA busy_timeout = ${busyMs}`)
  }
}

function close(): void {
  truncate()
  db?.close()
  port?.close()
}

function answer(message: FromWriter): void {
  port?.postMessage(message)
}
