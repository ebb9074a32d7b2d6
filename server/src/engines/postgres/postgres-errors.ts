import { HeadwaterError, UnknownOutcome } from '../../lib/error.ts'

/** Where it failed: before anything was sent, or waiting for the answer to a statement. */
export type Moment = 'connecting' | 'reading' | 'writing'

/**
 * What a failure means.
 * - `own`: the statement or a value is wrong; the same again fails again.
 * - `full`: no space, and nothing was stored.
 * - `again`: rolled back because of others (deadlock, serialization); the same again may succeed at once.
 * - `busy`: rolled back because it took too long or waited too long for a lock.
 * - `down`: the server or the way to it is gone, and nothing was stored.
 * - `unknown`: the answer is missing; it may be stored.
 */
export type FailureKind = 'own' | 'full' | 'again' | 'busy' | 'down' | 'unknown'

/** SQLSTATEs (PostgreSQL, appendix A) that are told apart. */
const sqlState = {
  diskFull: '53100',
  deadlock: '40P01',
  serializationFailure: '40001',
  canceled: '57014',
  lockNotAvailable: '55P03',
  readOnlyTransaction: '25006',
  cannotConnectNow: '57P03',
  noSuchStatement: '26000',
  duplicateStatement: '42P05',
}

/** Integrity, data, syntax, rights, limits and functions: nothing that time mends. */
const ownClasses = new Set(['0A', '21', '22', '23', '26', '2F', '42', '54', 'P0'])

/**
 * An ERROR is a rolled-back statement. A FATAL or PANIC may come after the commit (a backend that is told to end looks
 * there), and so may whatever a pooler says in the server's place (class 08). The severity may be in the language of the
 * server, so only the word that is known counts.
 */
export function kindOf(error: unknown, moment: Moment): FailureKind {
  const state = stateOf(error)
  if (moment === 'connecting') return state === sqlState.diskFull ? 'full' : 'down'
  const lost = moment === 'writing' ? 'unknown' : 'down'
  if (state === undefined) return lost
  if (state === sqlState.diskFull) return isRolledBack(error) ? 'full' : lost
  if (state === sqlState.deadlock || state === sqlState.serializationFailure) return 'again'
  if (state === sqlState.canceled || state === sqlState.lockNotAvailable) return 'busy'
  if (state === sqlState.readOnlyTransaction || state === sqlState.cannotConnectNow) return 'down'
  if (ownClasses.has(state.slice(0, 2))) return 'own'
  if (state.startsWith('53')) return isRolledBack(error) ? 'busy' : lost
  return lost
}

/** A pooler gave the session another connection than the one that knows the prepared statement; nothing was run. */
export const isStatementLost = (error: unknown): boolean => {
  const state = stateOf(error)
  return state === sqlState.noSuchStatement || state === sqlState.duplicateStatement
}

export function errorOf(kind: FailureKind, cause: unknown): Error {
  switch (kind) {
    case 'own':
      return new HeadwaterError('internal', { cause })
    case 'full':
      return new HeadwaterError('storage_full', { cause, retryAfterS: 5 })
    case 'again':
    case 'busy':
    case 'down':
      return new HeadwaterError('store_unavailable', { cause, retryAfterS: 1 })
    case 'unknown':
      return new UnknownOutcome('PostgreSQL did not answer: the write may or may not be stored', { cause })
  }
}

/** An open that fails. The detail is for the operator; what the driver says is the cause, for the log. */
export const refusal = (detail: string, cause?: unknown): HeadwaterError =>
  new HeadwaterError('store_unavailable', { detail, cause })

/** The SQLSTATE of an answer of the server; undefined for what the driver or the network says (`ECONNREFUSED`). */
export function stateOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && 'severity' in (error as object) ? code : undefined
}

const isRolledBack = (error: unknown): boolean => (error as { severity?: unknown }).severity === 'ERROR'
