import { DatabaseSync } from 'node:sqlite'
import { ownerOnly } from './owner-only.ts'
import { isBusy, refusal } from './sqlite-errors.ts'

/**
 * One process owns a data directory. The lock is one that the operating system holds for the process, through a database
 * file of its own, so it ends with the process however that ends, and no stale file has to be judged.
 */
export function lockFolder(path: string): Disposable {
  let db: DatabaseSync | undefined
  ownerOnly(path)
  try {
    db = new DatabaseSync(path, { timeout: 0 })
    db.exec('PRAGMA locking_mode = EXCLUSIVE')
    db.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    db?.close()
    if (isBusy(error))
      throw refusal('Another Headwater has this data directory open: stop it, or name another one (HEADWATER_DATA)')
    throw refusal('The data directory cannot be locked: is it writable, and does it have space?', error)
  }
  return { [Symbol.dispose]: () => (db.isOpen ? db.close() : undefined) }
}
