import type { History, Violation } from './history.ts'
import { idempotencyModel, keyedOperations, unfoundedConflicts } from './idempotency-model.ts'
import { isLinearizable } from './linearizability.ts'
import { openGroupModel, openGroupOperations } from './open-group-model.ts'
import { watermarkModel, watermarkOperations } from './watermark-model.ts'

/** Every key by itself behaves as if one thing happened after the other: marks, groups that open and close, idempotency records. */
export function checkLinearizability(history: History): Violation[] {
  const found: Violation[] = []
  const tell = (kind: string, key: string, user = key.split(' ')[0] ?? '') =>
    found.push({ kind, user, detail: `no order of what was done explains what was seen of ${key}` })
  for (const [key, own] of watermarkOperations(history)) {
    if (!isLinearizable(own, watermarkModel(own.map(({ op }) => op)))) tell('mark', key)
  }
  for (const [key, own] of openGroupOperations(history))
    if (!isLinearizable(own, openGroupModel)) tell('open group', key)
  for (const [key, own] of keyedOperations(history))
    if (!isLinearizable(own, idempotencyModel)) tell('idempotency', key, '')
  for (const key of unfoundedConflicts(history)) {
    found.push({ kind: 'idempotency', user: '', detail: `${key} was said to be under way, and was not` })
  }
  return found
}
