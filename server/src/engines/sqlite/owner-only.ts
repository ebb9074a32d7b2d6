import { chmodSync, closeSync, openSync } from 'node:fs'

/**
 * Nobody but the owner of the process may read a database file, whatever the folder allows. A file that is missing is made,
 * empty: SQLite makes those beside it with the rights of this one. A file that is there is never opened, since closing
 * it would end the locks that this process has on it.
 */
export function ownerOnly(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch {
    // It is there, or SQLite tells what is wrong with the place.
  }
  for (const suffix of ['', '-wal', '-shm', '-journal']) {
    try {
      chmodSync(path + suffix, 0o600)
    } catch {
      // There is none, or it belongs to somebody else, who decides.
    }
  }
}
