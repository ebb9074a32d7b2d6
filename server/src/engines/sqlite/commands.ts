/** What SQLite stores and gives. */
export type Cell = null | number | string | Uint8Array
export type Row = readonly Cell[]

/** One statement and the rows it is run with, one after the other. The text is a constant: never made from input. */
export interface Step {
  readonly sql: string
  readonly rows: readonly Row[]
  /** Run with the same row where `sql` changed nothing. */
  readonly otherwise?: string
  readonly returns?: 'changes' | 'rows'
}

/** Steps that take effect together, or none of them. */
export type Command = readonly Step[]

/** Per step: how many rows each run changed, or all rows that the runs returned, or nothing. */
export interface StepResult {
  readonly changes: readonly number[]
  readonly rows: readonly Row[]
}

/** Why a command was not stored. */
export type FailureKind =
  /** The command itself is at fault; its neighbours are stored. */
  | 'refused'
  | 'full'
  | 'unavailable'
  | 'damaged'
  /** It may be stored, or come back after a crash. */
  | 'unknown'

export interface Failure {
  readonly kind: FailureKind
  /** For the log. */
  readonly message: string
}

export type CommandOutcome = { readonly results: readonly StepResult[] } | { readonly failure: Failure }

export const rowsIn = (command: Command): number => command.reduce((sum, step) => sum + step.rows.length, 0)

/** About how much memory a command takes while it waits. */
export function bytesIn(command: Command): number {
  let bytes = 0
  for (const { rows } of command) {
    // By index: an object for each step through so many cells was a twelfth of all garbage.
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as Row
      bytes += 64
      for (let j = 0; j < row.length; j++) {
        const cell = row[j]
        if (typeof cell === 'string') bytes += 16 + cell.length
        else bytes += cell instanceof Uint8Array ? 64 + cell.byteLength : 8
      }
    }
  }
  return bytes
}
