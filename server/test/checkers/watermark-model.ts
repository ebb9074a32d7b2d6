import { type History, operations } from './history.ts'
import type { KeyOperation, Model } from './linearizability.ts'

/** Reading one group of one user, and marking it read. */
export type WatermarkOp =
  /** `upTo` null: as far as any page had shown by then, and perhaps further. */
  | { readonly kind: 'mark'; readonly upTo: number | null }
  /** `shown`: the position up to which the page was complete. */
  | { readonly kind: 'read'; readonly unreadSeq: number; readonly isRead: boolean; readonly shown: number }

/** How far the group is read, and what of it any page has shown. */
interface Watermark {
  readonly readUpTo: number
  readonly shown: number
}

/** A mark is a maximum: it never goes back, and a page says "read" exactly where the mark covers. */
export function watermarkModel(ops: readonly WatermarkOp[]): Model<Watermark, WatermarkOp> {
  const positions = [...new Set(ops.flatMap((op) => (op.kind === 'read' ? [op.unreadSeq] : [])))].sort((a, b) => a - b)
  return {
    start: { readUpTo: 0, shown: 0 },
    step(state, op) {
      if (op.kind === 'read') {
        if (op.isRead !== op.unreadSeq <= state.readUpTo) return []
        return [{ ...state, shown: Math.max(state.shown, Math.min(op.unreadSeq, op.shown)) }]
      }
      if (op.upTo !== null) return [{ ...state, readUpTo: Math.max(state.readUpTo, op.upTo) }]
      const least = Math.max(state.readUpTo, state.shown)
      return [least, ...positions.filter((seq) => seq > least)].map((readUpTo) => ({ ...state, readUpTo }))
    },
    keyOf: ({ readUpTo, shown }) => `${readUpTo} ${shown}`,
  }
}

/** What was done to each group of each user: marks of the group and of all, and what pages said of it. */
export function watermarkOperations(history: History): ReadonlyMap<string, readonly KeyOperation<WatermarkOp>[]> {
  const found = new Map<string, KeyOperation<WatermarkOp>[]>()
  for (const { user, began, ended, outcome, result } of operations(history, 'page')) {
    if (outcome !== 'ok') continue
    for (const { group_id, unread_seq, is_read } of result.groups) {
      const key = `${user} ${group_id}`
      const own = found.get(key) ?? []
      found.set(key, own)
      own.push({ op: { kind: 'read', unreadSeq: unread_seq, isRead: is_read, shown: result.seq }, began, ended })
    }
  }
  for (const { user, began, ended, outcome, args, result } of operations(history, 'mark')) {
    if (outcome === 'fail' || args.mark !== 'read') continue
    // A group that is hidden at that moment, since all who acted took it back, is not marked, and the answer says so.
    const gone = new Set(outcome === 'ok' ? result.not_found : [])
    for (const [key, own] of found) {
      const [owner, group = ''] = key.split(' ')
      if (owner !== user || gone.has(group) || !(args.group_ids?.includes(group) ?? true)) continue
      own.push({ op: { kind: 'mark', upTo: args.group_ids === null ? args.up_to_seq : null }, began, ended })
    }
  }
  return found
}
