import { type History, operations, type SentEvent } from './history.ts'
import type { KeyOperation, Model } from './linearizability.ts'

/** What is done about one object in one user's stream, as seen from outside. */
export type OpenGroupOp =
  /** Folded at some time after it was accepted. */
  | { readonly kind: 'event'; readonly actor: string; readonly op: 'ADD' | 'UNDO'; readonly order: string }
  | { readonly kind: 'delete'; readonly groupId: string; readonly found: boolean | null }
  | { readonly kind: 'read'; readonly groupId: string | null; readonly actors: number }

interface Group {
  /** `null`: nobody has seen it yet. */
  readonly id: string | null
  readonly deleted: boolean
  /** The newest event of each actor, as `order op`. */
  readonly actors: Readonly<Record<string, string>>
}

type Groups = readonly Group[]

/**
 * Events about one object within a day: the first opens a group, the others join it; once deleted it never opens again, the next event opens
 * another; when all actors took back it is not shown, until one comes again. The newest event of an actor counts.
 */
export const openGroupModel: Model<Groups, OpenGroupOp> = {
  start: [],
  step(groups, op) {
    if (op.kind === 'event') return [withEvent(groups, op)]
    const shown = groups.find((group) => !group.deleted && countOf(group) > 0)
    if (op.kind === 'read') {
      if (op.groupId === null) return shown ? [] : [groups]
      if (!shown || countOf(shown) !== op.actors || !mayBe(groups, shown, op.groupId)) return []
      return [changed(groups, shown, { id: op.groupId })]
    }
    const isThere = shown !== undefined && mayBe(groups, shown, op.groupId)
    if (op.found === false) return isThere && shown.id === op.groupId ? [] : [groups]
    return isThere ? [changed(groups, shown, { id: op.groupId, deleted: true })] : []
  },
  keyOf: (groups) => JSON.stringify(groups),
}

function withEvent(groups: Groups, { actor, op, order }: Extract<OpenGroupOp, { kind: 'event' }>): Groups {
  const event = `${order} ${op}`
  const isNews = (group: Group) => (group.actors[actor] ?? '') < event
  const join = (group: Group) => changed(groups, group, { actors: sorted({ ...group.actors, [actor]: event }) })
  if (op === 'UNDO') {
    for (const group of groups.toReversed()) {
      if (!isNews(group)) return groups
      if (!group.deleted && group.actors[actor]?.endsWith(' ADD')) return join(group)
    }
  }
  for (const group of groups) {
    if (!isNews(group)) return groups
    if (!group.deleted) return join(group)
  }
  return [...groups, { id: null, deleted: false, actors: { [actor]: event } }]
}

const changed = (groups: Groups, one: Group, change: Partial<Group>): Groups =>
  groups.map((group) => (group === one ? { ...group, ...change } : group))

const countOf = ({ actors }: Group): number => Object.values(actors).filter((event) => event.endsWith(' ADD')).length

/** A group that nobody has seen may have any id that no other has. */
const mayBe = (groups: Groups, group: Group, id: string): boolean =>
  group.id === id || (group.id === null && groups.every((other) => other.id !== id))

const sorted = (actors: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(actors).sort(([a], [b]) => (a < b ? -1 : 1)))

/** Objects about which more is done than this are left to the other checkers: the search grows with what is pending. */
const eventsMax = 10

export function openGroupOperations(history: History): ReadonlyMap<string, readonly KeyOperation<OpenGroupOp>[]> {
  const found = new Map<string, KeyOperation<OpenGroupOp>[]>()
  for (const { began, outcome, args } of operations(history, 'append')) {
    if (outcome === 'fail') continue
    for (const event of args.events) {
      const own = found.get(keyOf(event)) ?? []
      found.set(keyOf(event), own)
      const { actor_id: actor, op, created_at = 0, event_id = '' } = event
      const order = `${String(created_at).padStart(15, '0')} ${event_id}`
      // Accepted is not yet folded.
      own.push({ op: { kind: 'event', actor, op, order }, began, ended: Number.POSITIVE_INFINITY })
    }
  }
  const keyOfGroup = new Map<string, string>()
  for (const [key, own] of found) if (own.length > eventsMax) found.delete(key)
  for (const { user, began, ended, outcome, result } of operations(history, 'page')) {
    if (outcome !== 'ok') continue
    const shown = new Map(result.groups.map((group) => [`${user} ${group.event_type} ${group.object_id}`, group]))
    for (const [key, group] of shown) keyOfGroup.set(group.group_id, key)
    for (const [key, own] of found) {
      if (!key.startsWith(`${user} `)) continue
      const group = shown.get(key)
      own.push({
        op: { kind: 'read', groupId: group?.group_id ?? null, actors: group?.actor_count ?? 0 },
        began,
        ended,
      })
    }
  }
  for (const { began, ended, outcome, args, result } of operations(history, 'delete')) {
    if (outcome === 'fail') continue
    const groupId = args.group_id
    const own = found.get(keyOfGroup.get(groupId) ?? '')
    own?.push({ op: { kind: 'delete', groupId, found: outcome === 'ok' ? result.found : null }, began, ended })
  }
  return found
}

const keyOf = (event: SentEvent): string => `${event.target_user_id} ${event.event_type} ${event.object_id}`
