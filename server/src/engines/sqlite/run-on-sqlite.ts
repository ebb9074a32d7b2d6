import { type Harness, runSuite, type Suite, type SuiteOptions } from '../../conformance/frame.ts'
import type { Seams } from '../../lib/seams.ts'
import type { SqliteDatabase } from './database.ts'
import { openSqlite } from './open.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

interface Storage {
  readonly folder: ReturnType<typeof temporaryFolder>
  users: number
  database: Promise<SqliteDatabase> | undefined
}

export interface SqliteHarness<Port> {
  open(db: SqliteDatabase, seams: Seams): Port | Promise<Port>
  /** Loses the log of a closed database. */
  loseLog?(folder: string): Promise<void>
}

/**
 * Runs a suite on an engine of this folder; each namespace is a data directory. Only one process may have one, so a second
 * server of a suite is a second port on the same open database, which closes with the last of its ports.
 */
export function runOnSqlite<Port extends AsyncDisposable>(
  suite: Suite<Port>,
  { open, loseLog }: SqliteHarness<Port>,
  options: SuiteOptions = {},
): void {
  const storages = new Map<string, Storage>()
  const storageOf = (namespace: string): Storage => {
    const storage = storages.get(namespace) ?? newStorage()
    storages.set(namespace, storage)
    return storage
  }
  const harness: Harness<Port> = {
    engine: 'sqlite',
    async open(namespace, seams) {
      const storage = storageOf(namespace)
      storage.users++
      storage.database ??= openSqlite({ folder: storage.folder.path }, seams)
      try {
        return closingWithIt(await open(await storage.database, seams), storage)
      } catch (error) {
        await leave(storage)
        throw error
      }
    },
    async drop(namespace) {
      storageOf(namespace).folder[Symbol.dispose]()
      storages.delete(namespace)
    },
    disturb: loseLog ? { loseLog: (namespace) => loseLog(storageOf(namespace).folder.path) } : {},
    modelRuns: 15,
  }
  runSuite(suite, harness, options)
}

const newStorage = (): Storage => ({ folder: temporaryFolder(), users: 0, database: undefined })

function closingWithIt<Port extends AsyncDisposable>(port: Port, storage: Storage): Port {
  const close = port[Symbol.asyncDispose].bind(port)
  let closed = false
  return Object.assign(port, {
    async [Symbol.asyncDispose]() {
      await close()
      if (closed) return
      closed = true
      await leave(storage)
    },
  })
}

async function leave(storage: Storage): Promise<void> {
  if (--storage.users > 0) return
  const database = await storage.database
  storage.database = undefined
  await database?.[Symbol.asyncDispose]()
}
