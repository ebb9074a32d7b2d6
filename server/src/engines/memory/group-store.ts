import { type GroupRow, isVisible } from '../../model/activity-group.ts'
import { keyText } from '../../model/event.ts'
import { idBoundAt } from '../../model/group-id.ts'
import type { GroupId, Seq, UserId } from '../../model/ids.ts'
import type { GroupQuery, GroupStore, KeyAsk, PutOutcome, UserPurge } from '../../ports/group-store.ts'
import { indexIn, insert, remove } from './sorted.ts'

export interface UserGroups {
  head: Seq
  readonly rows: Map<GroupId, GroupRow>
  /** All ids, newest first. */
  readonly ids: GroupId[]
  /** Ids by key, newest first. */
  readonly keys: Map<string, GroupId[]>
}

export type GroupState = Map<UserId, UserGroups>

/** `purged` is told of rows past retention that were removed, so that what others hold of them goes with them. */
export function memoryGroupStore(
  state: GroupState,
  purged: (rows: readonly GroupRow[]) => Promise<void> = async () => {},
): GroupStore {
  return {
    ordered: true,

    async putGroups(batches) {
      return batches.map(({ user, rows }) => {
        const groups = groupsOf(state, user)
        return rows.map((row) => putRow(groups, row))
      })
    },

    async putHeads(heads) {
      for (const { user, head } of heads) {
        const groups = groupsOf(state, user)
        groups.head = Math.max(groups.head, head)
      }
    },

    async heads(users) {
      return users.map((user) => state.get(user)?.head ?? 0)
    },

    headAtHand: (user) => state.get(user)?.head ?? 0,

    async get(ids) {
      return ids.map(({ user, groupId }) => state.get(user)?.rows.get(groupId))
    },

    async ofKeys(asks) {
      return asks.map((ask) => {
        const groups = state.get(ask.user)
        return groups ? ofKey(groups, ask) : []
      })
    },

    async list(user, query) {
      const groups = state.get(user)
      return groups ? list(groups, query) : []
    },

    async changesSince(user, after, limit) {
      const rows: GroupRow[] = []
      for (const row of state.get(user)?.rows.values() ?? []) {
        if (row.seq > after) rows.push(row)
      }
      if (rows.length > limit) return { gap: true }
      return { rows: rows.sort((a, b) => a.seq - b.seq).map(withoutPending) }
    },

    async unread(user, after, createdFrom) {
      const found = []
      for (const { groupId, eventType, createdAt, unreadSeq, ...row } of state.get(user)?.rows.values() ?? []) {
        if (isVisible(row) && unreadSeq > after && createdAt >= createdFrom) {
          found.push({ groupId, eventType, createdAt, unreadSeq })
        }
      }
      return found
    },

    async purge(what) {
      if ('user' in what) return removeUser(state, what)
      const removed: GroupRow[] = []
      for (const groups of state.values()) {
        // Ids sort newest first: the oldest stand at the end.
        while (removed.length < what.limit) {
          const row = removeOldest(groups, what.createdBefore)
          if (!row) break
          removed.push(row)
        }
        if (removed.length >= what.limit) break
      }
      await purged(removed)
      return removed.length
    },

    async [Symbol.asyncDispose]() {},
  }
}

function groupsOf(state: GroupState, user: UserId): UserGroups {
  let groups = state.get(user)
  if (!groups) {
    groups = { head: 0, rows: new Map(), ids: [], keys: new Map() }
    state.set(user, groups)
  }
  return groups
}

function putRow(groups: UserGroups, row: GroupRow): PutOutcome {
  const present = groups.rows.get(row.groupId)
  if (present && present.applied >= row.applied) return 'ahead'
  groups.rows.set(row.groupId, row)
  if (!present) {
    insert(groups.ids, row.groupId)
    const ids = groups.keys.get(keyText(row)) ?? []
    insert(ids, row.groupId)
    groups.keys.set(keyText(row), ids)
  }
  return 'written'
}

function removeUser(state: GroupState, { user, upTo = Number.POSITIVE_INFINITY }: UserPurge): number {
  const groups = state.get(user)
  if (!groups) return 0
  const kept = [...groups.rows.values()].filter((row) => row.applied > upTo)
  state.delete(user)
  if (kept.length > 0 || groups.head > upTo) {
    const later = groupsOf(state, user)
    for (const row of kept) putRow(later, row)
    if (groups.head > upTo) later.head = groups.head
  }
  return groups.rows.size - kept.length
}

function removeOldest(groups: UserGroups, createdBefore: number): GroupRow | undefined {
  const row = groups.rows.get(groups.ids.at(-1) ?? '')
  if (!row || row.createdAt >= createdBefore) return undefined
  groups.ids.pop()
  groups.rows.delete(row.groupId)
  const ids = groups.keys.get(keyText(row)) ?? []
  remove(ids, row.groupId)
  if (ids.length === 0) groups.keys.delete(keyText(row))
  return row
}

function ofKey(groups: UserGroups, { key, newest, times, spanMs }: KeyAsk): GroupRow[] {
  const ids = groups.keys.get(keyText(key)) ?? []
  const found = new Set(ids.slice(0, newest))
  for (const time of times) {
    const end = indexIn(ids, idBoundAt(time - spanMs))
    for (const id of ids.slice(indexIn(ids, idBoundAt(time + spanMs + 1)), end)) found.add(id)
  }
  return [...found].sort().map((id) => groups.rows.get(id) as GroupRow)
}

function list(groups: UserGroups, { after, createdFrom, types, limit }: GroupQuery): GroupRow[] {
  const rows: GroupRow[] = []
  let index = after === null ? 0 : indexIn(groups.ids, after)
  if (groups.ids[index] === after) index++
  for (; index < groups.ids.length && rows.length < limit; index++) {
    const row = groups.rows.get(groups.ids[index] as GroupId) as GroupRow
    if (row.createdAt < createdFrom) break
    if (isVisible(row) && (types === null || types.includes(row.eventType))) rows.push(withoutPending(row))
  }
  return rows
}

const withoutPending = (row: GroupRow): GroupRow => ({ ...row, pending: [] })
