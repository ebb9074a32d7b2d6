import { DatabaseSync, StatementSync } from 'node:sqlite'
import { isMainThread } from 'node:worker_threads'
import { crashEnvironment, moreWriterTables, writerPoint, writerTables } from './child-contract.ts'

/**
 * Loaded before everything else into each thread of the child. In the writing thread it counts the transactions that
 * write to a table, and kills the process before such a commit, or after it and before anyone is told.
 */
const point = process.env[crashEnvironment.point] ?? ''
const tables = [...writerTables, ...moreWriterTables]
const table = tables.find((name) => point === writerPoint('before', name) || point === writerPoint('after', name))

if (!isMainThread && table) watchCommits(table)

function watchCommits(watched: string): void {
  let passesLeft = Number(process.env[crashEnvironment.pass] ?? 0)
  let holdsRows = false
  const inserts = new RegExp(`^\\s*INSERT INTO ${watched}\\b`)
  // Writes of the views and the log return no rows, so these are all that has to be watched.
  for (const name of ['run', 'get'] as const) {
    const method = StatementSync.prototype[name]
    StatementSync.prototype[name] = function (this: StatementSync, ...args: never[]): never {
      if (inserts.test(this.sourceSQL)) holdsRows = true
      return Reflect.apply(method, this, args) as never
    }
  }
  const { exec } = DatabaseSync.prototype
  DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string) {
    if (sql !== 'COMMIT' || !holdsRows) return exec.call(this, sql)
    holdsRows = false
    const isDue = --passesLeft === 0
    if (isDue && point === writerPoint('before', watched)) die()
    exec.call(this, sql)
    if (isDue) die()
  }
}

function die(): never {
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}
