import { HeadwaterError } from '../lib/error.ts'
import type { UserId } from '../model/ids.ts'

/** A store will never take it, or it cannot even be put into the form that the store takes. */
export const isRefusal = (error: unknown): boolean =>
  (HeadwaterError.is(error) && error.code === 'internal') || error instanceof TypeError || error instanceof RangeError

/** A store refuses for good what is to be written of one user: what it is to write is at fault, and not the store. */
export class RefusedWrite extends Error {
  readonly user: UserId

  constructor(user: UserId, cause: unknown) {
    super('A store refuses what is to be written', { cause })
    this.name = 'RefusedWrite'
    this.user = user
  }
}
