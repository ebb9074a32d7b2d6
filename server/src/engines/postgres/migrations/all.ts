import { people } from './0001-people.ts'
import { erasurePositions } from './0002-erasure-positions.ts'

export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
}

/** In order, without gaps. One that was released never changes; what is new comes behind it, and only adds. */
export const migrations: readonly Migration[] = [people, erasurePositions]
