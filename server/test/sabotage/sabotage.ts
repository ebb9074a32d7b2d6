import type { SuiteName } from './suites.ts'

/** A text that stands in a file exactly once, and what it is replaced with. */
export interface Edit {
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** A mistake that somebody could make, and the cheapest tests that must notice it. */
export interface Sabotage {
  readonly name: string
  /** What goes wrong for a user when nobody notices. */
  readonly why: string
  readonly suite: SuiteName
  readonly edits: readonly Edit[]
}
