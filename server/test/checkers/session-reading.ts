import { type History, type Operation, observations, operations, type SeenPage, type Violation } from './history.ts'
import type { Oracle, UserOracle } from './oracle.ts'
import { countsFault, groupFault } from './shown.ts'

/** Pages: right by themselves, and for each reader never behind what the reader saw or did before. */
export function checkReading(history: History, oracle: Oracle): Violation[] {
  const found: Violation[] = []
  const pages = operations(history, 'page').filter(({ outcome }) => outcome === 'ok')
  for (const { user, proc, ended, result } of pages) {
    for (const [kind, detail] of pageFaults(oracle.user(user), result, ended))
      found.push({ kind, user, detail: `${proc}: ${detail}` })
  }
  for (const { user, t, result } of observations(history, 'final')) {
    for (const [kind, detail] of pageFaults(oracle.user(user), result, t))
      found.push({ kind, user, detail: `at the end: ${detail}` })
  }
  for (const { user, result } of observations(history, 'final')) {
    if (result.seq < oracle.user(user).head)
      found.push({
        kind: 'gap',
        user,
        detail: `the list ends at ${result.seq}, and the log at ${oracle.user(user).head}`,
      })
  }
  return [...found, ...checkMonotonic(pages), ...checkOwnWrites(history, pages)]
}

/** A page may be ahead of the position that it names, and never behind. */
function* pageFaults(
  oracle: UserOracle,
  page: SeenPage,
  t: number,
): Generator<readonly [kind: string, detail: string]> {
  const wrong = countsFault(oracle, page.seq, page, t, false)
  if (wrong) yield ['badge', `a page with ${wrong}`]
  const shown = new Map(page.groups.map((group) => [group.group_id, group]))
  for (const group of page.groups) {
    const fault = groupFault(oracle, group)
    if (fault) yield ['invented', `a page at ${page.seq}: ${fault}`]
  }
  for (const { groupId, seq, visible } of oracle.groupsAt(page.seq)) {
    const held = shown.get(groupId)
    if (held && held.seq <= seq && !visible)
      yield ['invented', `a page at ${page.seq} has ${groupId}, which was gone at ${seq}`]
    else if (held && held.seq < seq)
      yield ['gap', `a page at ${page.seq} has ${groupId} at ${held.seq}, which changed at ${seq}`]
    else if (!held && visible && !oracle.hiddenAfter(groupId, seq))
      yield ['gap', `a page at ${page.seq} lacks ${groupId}, there since ${seq}`]
  }
}

/** Positions and versions that one reader meets only rise. */
function checkMonotonic(pages: readonly Operation<'page'>[]): Violation[] {
  const found: Violation[] = []
  const last = new Map<string, { seq: number; readonly groups: Map<string, number> }>()
  for (const { proc, user, result } of pages) {
    const reader = `${user} ${proc}`
    const before = last.get(reader) ?? { seq: 0, groups: new Map<string, number>() }
    last.set(reader, before)
    if (result.seq < before.seq)
      found.push({
        kind: 'monotonic',
        user,
        detail: `${proc} read a page at ${before.seq} and then one at ${result.seq}`,
      })
    before.seq = Math.max(before.seq, result.seq)
    for (const { group_id, seq } of result.groups) {
      const known = before.groups.get(group_id) ?? 0
      if (seq < known)
        found.push({ kind: 'monotonic', user, detail: `${proc} read ${group_id} at ${known} and then at ${seq}` })
      before.groups.set(group_id, Math.max(known, seq))
    }
  }
  return found
}

/** What someone marked or deleted is marked and gone in everything read after the answer, here and on other devices. */
function checkOwnWrites(history: History, pages: readonly Operation<'page'>[]): Violation[] {
  const found: Violation[] = []
  const marks = operations(history, 'mark').filter(
    ({ outcome, args }) => outcome === 'ok' && args.mark === 'read' && args.group_ids === null,
  )
  const deletes = operations(history, 'delete').filter(({ outcome, result }) => outcome === 'ok' && result.found)
  for (const { user, proc, began, result } of pages) {
    const upTo = Math.max(
      0,
      ...marks.filter((mark) => mark.user === user && mark.ended < began).map(({ args }) => args.up_to_seq ?? 0),
    )
    const gone = new Set(
      deletes.filter((deleted) => deleted.user === user && deleted.ended < began).map(({ args }) => args.group_id),
    )
    for (const group of result.groups) {
      if (!group.is_read && group.unread_seq <= upTo)
        found.push({
          kind: 'own write',
          user,
          detail: `${proc} marked up to ${upTo} and found ${group.group_id}, unread since ${group.unread_seq}`,
        })
      if (gone.has(group.group_id))
        found.push({ kind: 'own write', user, detail: `${proc} found ${group.group_id}, which was deleted before` })
    }
  }
  return found
}
