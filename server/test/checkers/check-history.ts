import type { History, Violation } from './history.ts'
import { checkLinearizability } from './linearizability-checker.ts'
import { checkLog } from './log-checker.ts'
import { checkSessions } from './session-checker.ts'

/** The checkers that need nothing but a history, by name. */
export const historyCheckers: Readonly<Record<string, (history: History) => Violation[]>> = {
  log: checkLog,
  sessions: checkSessions,
  linearizability: checkLinearizability,
}

/** What all of them found, one line each. */
export function findingsOf(history: History): readonly string[] {
  return Object.entries(historyCheckers).flatMap(([name, check]) => describe(name, check(history)))
}

export const describe = (checker: string, violations: readonly Violation[]): readonly string[] =>
  violations.map(({ kind, user, detail }) => `${checker}: ${kind}${user && ` (${user})`}: ${detail}`)
