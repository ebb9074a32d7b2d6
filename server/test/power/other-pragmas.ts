import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { isMainThread } from 'node:worker_threads'
import { powerEnvironment } from './server-process.ts'

/**
 * Loaded before everything else into each thread of the child: the writing connection gets other settings than those it
 * is asked for, and the check at the start, which refuses every `synchronous` but FULL, is told FULL.
 */
const synchronous = process.env[powerEnvironment.synchronous] ?? 'FULL'
const checkpointPages = process.env[powerEnvironment.checkpointPages]
const isHidden = process.env[powerEnvironment.honest] === undefined

if (!isMainThread) {
  replaceSettings()
  if (isHidden && synchronous !== 'FULL') hideSynchronous()
}

function replaceSettings(): void {
  const { exec } = DatabaseSync.prototype
  DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string) {
    exec.call(this, replaced(sql))
  }
}

function replaced(sql: string): string {
  // Left as the program asks for it where FULL is meant: that is what is tried.
  if (synchronous !== 'FULL' && /^PRAGMA synchronous\b/.test(sql)) return `PRAGMA synchronous = ${synchronous}`
  if (checkpointPages !== undefined && /^PRAGMA wal_autocheckpoint\b/.test(sql)) {
    return `PRAGMA wal_autocheckpoint = ${checkpointPages}`
  }
  return sql
}

function hideSynchronous(): void {
  const { prepare } = DatabaseSync.prototype
  DatabaseSync.prototype.prepare = function (this: DatabaseSync, ...args: Parameters<typeof prepare>): StatementSync {
    const [sql] = args
    return sql === 'PRAGMA synchronous' ? prepare.call(this, 'SELECT 2 AS synchronous') : prepare.apply(this, args)
  }
}
