import type { DatabaseSync } from 'node:sqlite'
import type { Command, CommandOutcome, StepResult } from './commands.ts'
import { failureOf } from './sqlite-errors.ts'
import type { Statements } from './statements.ts'

/**
 * Many commands, one transaction, one fsync. Savepoints cost a copy of each page that a command touches, so a group runs
 * without any; only when a command is refused is the group run again, with a savepoint around each.
 */
export function commitGroup(db: DatabaseSync, statements: Statements, group: readonly Command[]): CommandOutcome[] {
  const plain = inTransaction(db, () => group.map((command) => ({ results: runCommand(statements, command) })))
  if ('done' in plain) return plain.done
  if (plain.failure.kind !== 'refused' || group.length === 1) return group.map(() => plain)

  const apart = inTransaction(db, () => group.map((command) => inSavepoint(db, statements, command)))
  return 'done' in apart ? apart.done : group.map(() => apart)
}

type Attempt<T> = { readonly done: T } | Extract<CommandOutcome, { failure: unknown }>

function inTransaction<T>(db: DatabaseSync, run: () => T): Attempt<T> {
  let at: 'statement' | 'commit' = 'statement'
  try {
    db.exec('BEGIN IMMEDIATE')
    const done = run()
    at = 'commit'
    db.exec('COMMIT')
    return { done }
  } catch (error) {
    // Some failures end the transaction by themselves, and a COMMIT that failed for want of space does not.
    if (db.isTransaction) db.exec('ROLLBACK')
    return { failure: failureOf(error, at) }
  }
}

function inSavepoint(db: DatabaseSync, statements: Statements, command: Command): CommandOutcome {
  db.exec('SAVEPOINT command')
  try {
    const results = runCommand(statements, command)
    db.exec('RELEASE command')
    return { results }
  } catch (error) {
    const failure = failureOf(error, 'statement')
    // Not the command's fault: the whole group fails with it.
    if (failure.kind !== 'refused') throw error
    db.exec('ROLLBACK TO command')
    db.exec('RELEASE command')
    return { failure }
  }
}

const nothing: readonly never[] = []

function runCommand(statements: Statements, command: Command): StepResult[] {
  return command.map(({ sql, rows, otherwise, returns }) => {
    if (returns === 'rows') return { changes: nothing, rows: rows.flatMap((row) => statements.all(sql, row)) }
    if (returns !== 'changes' && otherwise === undefined) {
      for (const row of rows) statements.execute(sql, row)
      return { changes: nothing, rows: nothing }
    }
    const changes = rows.map((row) => {
      const changed = statements.run(sql, row)
      return changed === 0 && otherwise !== undefined ? statements.run(otherwise, row) : changed
    })
    return { changes: returns === 'changes' ? changes : nothing, rows: nothing }
  })
}
