import { HeadwaterError, UnknownOutcome } from '../../lib/error.ts'
import type { Failure, FailureKind } from './commands.ts'

/** SQLite's primary result codes (sqlite.org/rescode.html) that are told apart. */
const code = {
  error: 1,
  busy: 5,
  ioError: 10,
  corrupt: 11,
  full: 13,
  tooBig: 18,
  constraint: 19,
  mismatch: 20,
  range: 25,
  notADatabase: 26,
}
const readOnlyRollback = 776
/** The shared-memory file could not grow: its space is taken when it grows, so the disk is full. */
const noRoomForSharedMemory = 4874

const ownFaults = new Set([code.error, code.tooBig, code.constraint, code.mismatch, code.range])

const extendedCode = (error: unknown): number | undefined => {
  const value = (error as { errcode?: unknown } | null)?.errcode
  return typeof value === 'number' ? value : undefined
}

export const isDamage = (error: unknown): boolean => {
  const primary = (extendedCode(error) ?? 0) & 0xff
  return primary === code.corrupt || primary === code.notADatabase
}

/** The last transaction has to be rolled back before anyone can read, and a connection that only reads cannot do it. */
export const isHalfDone = (error: unknown): boolean => extendedCode(error) === readOnlyRollback

export const isBusy = (error: unknown): boolean => ((extendedCode(error) ?? 0) & 0xff) === code.busy

/**
 * What a failed statement or commit means. A failed commit is unknown only when writing or syncing itself failed: the
 * commit may be whole in the write-ahead log, where a restart would find it. Out of space it cannot be whole.
 */
export function failureOf(error: unknown, at: 'statement' | 'commit'): Failure {
  return { kind: kindOf(error, at), message: error instanceof Error ? error.message : String(error) }
}

function kindOf(error: unknown, at: 'statement' | 'commit'): FailureKind {
  const extended = extendedCode(error)
  if (extended === undefined) return systemCode(error) === 'ENOSPC' ? 'full' : 'refused'
  if (extended === noRoomForSharedMemory) return 'full'
  const primary = extended & 0xff
  if (primary === code.full) return 'full'
  if (primary === code.corrupt || primary === code.notADatabase) return 'damaged'
  if (at === 'commit' && primary === code.ioError) return 'unknown'
  return ownFaults.has(primary) ? 'refused' : 'unavailable'
}

export function errorOf(failure: Failure): Error {
  const cause = new Error(failure.message)
  switch (failure.kind) {
    case 'refused':
      return new HeadwaterError('internal', { cause })
    case 'full':
      return new HeadwaterError('storage_full', { cause, retryAfterS: 5 })
    case 'unavailable':
      return new HeadwaterError('store_unavailable', { cause, retryAfterS: 1 })
    case 'damaged':
      return new HeadwaterError('store_unavailable', { cause, detail: 'The database is damaged: restore a backup' })
    case 'unknown':
      return new UnknownOutcome(`the write may or may not be stored: ${failure.message}`, { cause })
  }
}

/** Runs a read and translates what fails. */
export function translated<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (HeadwaterError.is(error)) throw error
    throw errorOf(failureOf(error, 'statement'))
  }
}

const systemCode = (error: unknown): string | undefined => {
  const value = (error as { code?: unknown } | null)?.code
  return typeof value === 'string' ? value : undefined
}

/** An open that fails: the detail is for the operator and names no path, which the operator gave. */
export function refusal(detail: string, cause?: unknown): HeadwaterError {
  const full = cause !== undefined && kindOf(cause, 'statement') === 'full'
  return new HeadwaterError(full ? 'storage_full' : 'store_unavailable', { detail, cause })
}
