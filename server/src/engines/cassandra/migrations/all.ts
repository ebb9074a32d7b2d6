import { activityStream } from './001-activity-stream.ts'

export interface SchemaFacts {
  /** Whole days in which what is written expires. */
  readonly ttlDays: number
}

export interface Migration {
  readonly number: number
  readonly name: string
  /** Each may be made again: a starter that died leaves the rest to the next one. */
  statements(facts: SchemaFacts): readonly string[]
}

export const migrations: readonly Migration[] = [activityStream]
