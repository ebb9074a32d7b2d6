import type { JsonObject } from '@headwater/protocol'
import type { GroupRules } from '../../src/model/activity-group.ts'
import { type ActivityEvent, type GroupKey, keyText } from '../../src/model/event.ts'
import { groupIdOf } from '../../src/model/group-id.ts'
import type { GroupId, Seq, UserId } from '../../src/model/ids.ts'
import { type LogRecord, userOf } from '../../src/model/log-record.ts'

/**
 * What the log means, told in the plainest way: everything in memory, everything counted anew when asked, no windows, no
 * flushes, no limits. The server must come out the same whatever happens to it.
 */
export interface PlainMember {
  readonly createdAt: number
  readonly eventId: string
  readonly op: 'ADD' | 'UNDO'
  /** Position of the first ADD; 0 = never. */
  readonly firstSeq: Seq
  readonly metadata: JsonObject
}

export interface PlainGroup {
  readonly key: GroupKey
  readonly groupId: GroupId
  readonly createdAt: number
  readonly openedSeq: Seq
  readonly members: Map<UserId, PlainMember>
  eventCount: number
  unreadSeq: Seq
  seq: Seq
  deleted: boolean
}

export class PlainUser {
  groups: PlainGroup[] = []
  head: Seq = 0
  readAll: Seq = 0
  seenAll: Seq = 0
  read = new Map<GroupId, Seq>()
  seen = new Map<GroupId, Seq>()

  readUpTo(group: PlainGroup): Seq {
    return Math.max(this.readAll, this.read.get(group.groupId) ?? 0)
  }

  seenUpTo(group: PlainGroup): Seq {
    return Math.max(this.readUpTo(group), this.seenAll, this.seen.get(group.groupId) ?? 0)
  }

  /** As a page lists them. */
  visible(createdFrom = 0): PlainGroup[] {
    return this.groups
      .filter((group) => !group.deleted && actorsOf(group).length > 0 && group.createdAt >= createdFrom)
      .sort((a, b) => b.createdAt - a.createdAt || (a.groupId < b.groupId ? -1 : 1))
  }

  unread(createdFrom = 0): number {
    return this.visible(createdFrom).filter((group) => group.unreadSeq > this.readUpTo(group)).length
  }

  unseen(createdFrom = 0): number {
    return this.visible(createdFrom).filter((group) => group.unreadSeq > this.seenUpTo(group)).length
  }
}

/** Those who count, newest first. */
export function actorsOf(group: PlainGroup): (PlainMember & { actor: UserId })[] {
  return [...group.members]
    .filter(([, member]) => member.op === 'ADD')
    .map(([actor, member]) => ({ actor, ...member }))
    .sort((a, b) => b.createdAt - a.createdAt || (a.eventId < b.eventId ? 1 : -1))
}

/** As a page shows it. Who comes up from behind the ten newest has none in the server: the crowds of tests are no larger. */
export const metadataOf = (group: PlainGroup): JsonObject => actorsOf(group)[0]?.metadata ?? {}

export class PlainFold {
  readonly users = new Map<UserId, PlainUser>()
  readonly #rules: GroupRules

  constructor(rules: GroupRules) {
    this.#rules = rules
  }

  user(id: UserId): PlainUser {
    let user = this.users.get(id)
    if (!user) {
      user = new PlainUser()
      this.users.set(id, user)
    }
    return user
  }

  fold(record: LogRecord): void {
    const { value, seq } = record
    const user = this.user(userOf(value))
    switch (value.kind) {
      case 'event':
        this.#event(user, value.event, value.event.createdAt ?? record.appendedAt, seq)
        return
      case 'mark':
        user.head = seq
        for (const groupId of value.groupIds ?? [null]) this.#mark(user, value.mark, groupId, value.upTo)
        return
      case 'group_deleted':
        for (const group of user.groups) if (group.groupId === value.groupId) remove(user, group, seq)
        return
      case 'actor_erased':
        for (const group of user.groups) if (group.groupId === value.groupId) eraseActor(user, group, value.actor, seq)
        return
      case 'user_erased':
        this.users.delete(value.user)
        return
    }
  }

  #event(user: PlainUser, event: ActivityEvent, createdAt: number, seq: Seq): void {
    const text = keyText(event)
    const groups = user.groups
      .filter((group) => keyText(group.key) === text)
      .sort((a, b) => a.createdAt - b.createdAt || (a.groupId > b.groupId ? -1 : 1))
    const isNews = (group: PlainGroup): boolean => {
      const known = group.members.get(event.actor)
      return !known || compare({ createdAt, eventId: event.eventId, op: event.op }, known) > 0
    }
    if (event.op === 'UNDO') {
      for (const group of groups.slice(-8).reverse()) {
        if (!isNews(group)) return
        if (!group.deleted && group.members.get(event.actor)?.op === 'ADD') {
          this.#apply(user, group, event, createdAt, seq)
          return
        }
      }
    }
    const { closeAfterMs } = this.#rules
    const holding = groups.filter((group) => group.createdAt <= createdAt && createdAt < group.createdAt + closeAfterMs)
    const younger = groups.filter((group) => group.createdAt > createdAt && group.createdAt < createdAt + closeAfterMs)
    for (const group of [...holding, ...younger]) {
      if (!isNews(group)) return
      if (!group.deleted) {
        this.#apply(user, group, event, createdAt, seq)
        return
      }
    }
    const { eventType, verb, objectType, objectId } = event
    const key = { eventType, verb, objectType, objectId }
    const opened: PlainGroup = {
      key,
      groupId: groupIdOf(event.targetUser, key, createdAt, seq),
      createdAt,
      openedSeq: seq,
      members: new Map(),
      eventCount: 0,
      unreadSeq: 0,
      seq: 0,
      deleted: false,
    }
    user.groups.push(opened)
    this.#apply(user, opened, event, createdAt, seq)
  }

  #apply(user: PlainUser, group: PlainGroup, event: ActivityEvent, createdAt: number, seq: Seq): void {
    const known = group.members.get(event.actor)
    const isFirst = event.op === 'ADD' && !known?.firstSeq
    const firstSeq = known?.firstSeq || (event.op === 'ADD' ? seq : 0)
    const { eventId, op, metadata } = event
    group.members.set(event.actor, { createdAt, eventId, op, firstSeq, metadata })
    if (op === 'ADD') {
      group.eventCount++
      if (isFirst && (this.#rules.reopenReadGroups || group.unreadSeq === 0)) group.unreadSeq = seq
    } else if (known?.op !== 'ADD') return
    group.seq = seq
    user.head = seq
  }

  #mark(user: PlainUser, mark: 'read' | 'seen', groupId: GroupId | null, upTo: Seq): void {
    const raise = (map: Map<GroupId, Seq>, id: GroupId) => map.set(id, Math.max(map.get(id) ?? 0, upTo))
    if (groupId === null) {
      if (mark === 'read') user.readAll = Math.max(user.readAll, upTo)
      user.seenAll = Math.max(user.seenAll, upTo)
      return
    }
    if (mark === 'read') raise(user.read, groupId)
    raise(user.seen, groupId)
  }
}

function remove(user: PlainUser, group: PlainGroup, seq: Seq): void {
  if (group.deleted) return
  const wasVisible = actorsOf(group).length > 0
  group.deleted = true
  if (!wasVisible) return
  group.seq = seq
  user.head = seq
}

function eraseActor(user: PlainUser, group: PlainGroup, actor: UserId, seq: Seq): void {
  const known = group.members.get(actor)
  group.members.delete(actor)
  if (known?.op !== 'ADD' || group.deleted) return
  group.seq = seq
  user.head = seq
}

type Order = Pick<PlainMember, 'createdAt' | 'eventId' | 'op'>

function compare(a: Order, b: Order): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt
  if (a.eventId !== b.eventId) return a.eventId < b.eventId ? -1 : 1
  return (a.op === 'UNDO' ? 1 : 0) - (b.op === 'UNDO' ? 1 : 0)
}
