import type { OpenGroup, PlacedEvent } from './open-group.ts'
import { isNewer } from './register.ts'

/**
 * Which group of its key an event belongs to. Groups are told apart by the span of time that each takes in; the order of
 * the log decides, so every replay chooses alike.
 */
export type Choice =
  | { readonly kind: 'join'; readonly group: OpenGroup }
  /** No group takes it in: it opens one. */
  | { readonly kind: 'open' }
  /** It says nothing new. `group` is where that is known. */
  | { readonly kind: 'known'; readonly group: OpenGroup }
  /** The registers of the actor in these groups must be known first. */
  | { readonly kind: 'ask'; readonly groups: readonly OpenGroup[] }

/** How many groups of its key an UNDO looks back over. */
export const undoLookBack = 8

/** `groups`: those of the key, oldest first, at least all that could take the event in and the newest eight. */
export function chooseGroup(groups: readonly OpenGroup[], placed: PlacedEvent): Choice {
  const asked = relevantGroups(groups, placed).filter((group) => !group.knows(placed.event.actor))
  if (asked.length > 0) return { kind: 'ask', groups: asked }
  if (placed.event.op === 'UNDO') {
    const acted = chooseUndone(groups, placed)
    if (acted) return acted
  }
  return chooseTaker(groups, placed)
}

/** Where there is but one group, and it takes in an ADD, as nearly always: `chooseGroup` would come to nothing else. */
export function joinsAtOnce(only: OpenGroup, { event, createdAt }: PlacedEvent): boolean {
  const distance = Math.abs(createdAt - only.createdAt)
  return event.op === 'ADD' && !only.deleted && distance < only.rules.closeAfterMs && only.knows(event.actor)
}

/** The groups in which the actor's register can matter. */
export function relevantGroups(groups: readonly OpenGroup[], placed: PlacedEvent): readonly OpenGroup[] {
  const takers = takersOf(groups, placed.createdAt)
  const alive = takers.findIndex((group) => !group.deleted)
  const reached = alive < 0 ? takers : takers.slice(0, alive + 1)
  return placed.event.op === 'ADD' ? reached : [...new Set([...groups.slice(-undoLookBack), ...reached])]
}

/**
 * The newest group in which the actor counts. Where something as new is known of the actor, newer groups first, the UNDO
 * is a repetition and must not walk on to older ones.
 */
function chooseUndone(groups: readonly OpenGroup[], placed: PlacedEvent): Choice | undefined {
  const order = { createdAt: placed.createdAt, eventId: placed.event.eventId, op: placed.event.op }
  for (const group of groups.slice(-undoLookBack).reverse()) {
    if (group.estimate && !group.deleted) return { kind: 'known', group }
    const known = group.register(placed.event.actor)
    if (!known) continue
    if (!isNewer(order, known)) return { kind: 'known', group }
    if (known.op === 'ADD' && !group.deleted) return { kind: 'join', group }
  }
  return undefined
}

/** Deleted groups are passed over by what is news of its actor, and swallow what is not. */
function chooseTaker(groups: readonly OpenGroup[], placed: PlacedEvent): Choice {
  const order = { createdAt: placed.createdAt, eventId: placed.event.eventId, op: placed.event.op }
  for (const group of takersOf(groups, placed.createdAt)) {
    if (!group.deleted) return { kind: 'join', group }
    const known = group.register(placed.event.actor)
    if (known && !isNewer(order, known)) return { kind: 'known', group }
  }
  return { kind: 'open' }
}

/** First the groups whose span holds the time, oldest first; then the younger ones that opened soon enough after it. */
function takersOf(groups: readonly OpenGroup[], createdAt: number): readonly OpenGroup[] {
  const holders: OpenGroup[] = []
  const younger: OpenGroup[] = []
  for (const group of groups) {
    const age = createdAt - group.createdAt
    if (age >= 0 && age < group.rules.closeAfterMs) holders.push(group)
    else if (age < 0 && -age < group.rules.closeAfterMs) younger.push(group)
  }
  return [...holders, ...younger]
}
