import type { EventType } from '@headwater/protocol'
import type { GroupRow, GroupRules, Register } from '../model/activity-group.ts'
import { type GroupKey, keyText } from '../model/event.ts'
import type { GroupId, Seq, UserId } from '../model/ids.ts'
import { readUpTo, seenUpTo } from '../model/marks.ts'
import { newestFirst } from '../model/register.ts'
import type { GroupStore } from '../ports/group-store.ts'
import type { MemberStore } from '../ports/member-store.ts'
import type { ReadMarks } from '../ports/read-marks.ts'
import type { Badge } from './badge.ts'
import { listMembers } from './merge-members.ts'

export interface VerifyPorts {
  readonly groups: GroupStore
  readonly members: MemberStore
  readonly marks: ReadMarks
}

export interface Difference {
  readonly user: UserId
  /** `null`: it concerns the whole stream, as a badge does. */
  readonly groupId: GroupId | null
  readonly what: string
  readonly found: unknown
  readonly expected: unknown
}

export interface VerifyReport {
  readonly users: number
  readonly groups: number
  readonly members: number
  /** Groups compared with what the log says; the others opened before the oldest record that is kept. */
  readonly replayed: number
  readonly differences: readonly Difference[]
}

/** Views made anew from the log. */
export interface Remade {
  readonly groups: GroupStore
  /** The position from which on they are complete. */
  readonly from: (user: UserId) => Seq
  /** What the log has above this may not be in the views that are verified: whoever was to fold it died, or is to come. */
  readonly foldedTo: (user: UserId) => Seq
}

export interface VerifyOptions {
  readonly badge: Badge
  readonly createdFrom: number
  readonly remade: Remade | null
  readonly differencesMax: number
  readonly onProgress: (users: number) => void
}

const pageOf = 500

/**
 * Counts everything again: each group from its members, each badge from groups and marks, and each group from the log as
 * far as that reaches back.
 */
export async function verify(
  ports: VerifyPorts,
  users: AsyncIterable<UserId>,
  options: VerifyOptions,
): Promise<VerifyReport> {
  const differences: Difference[] = []
  const counted = { users: 0, groups: 0, members: 0, replayed: 0 }
  for await (const user of users) {
    if (differences.length >= options.differencesMax) break
    await verifyUser(ports, user, options, counted, (difference) => differences.push({ user, ...difference }))
    options.onProgress(++counted.users)
  }
  return { ...counted, differences }
}

/**
 * The rules of groups that were opened under others than now, by id: hidden groups too, of every key that is shown. The log
 * does not have them, and to fold it anew takes them from the rows.
 */
export async function rulesThen(
  groups: GroupStore,
  users: AsyncIterable<UserId>,
  rulesNow: (type: EventType) => GroupRules,
  createdFrom: number,
): Promise<ReadonlyMap<GroupId, GroupRules>> {
  const found = new Map<GroupId, GroupRules>()
  for await (const user of users) {
    const keys = new Map<string, GroupKey>()
    for await (const row of rowsOf(groups, user, createdFrom)) keys.set(keyText(row), row)
    for (const key of keys.values()) {
      const { closeAfterMs, reopenReadGroups } = rulesNow(key.eventType)
      for (const { groupId, rules } of await groupsOfKey(groups, user, key)) {
        const areOthers = rules.closeAfterMs !== closeAfterMs || rules.reopenReadGroups !== reopenReadGroups
        if (areOthers) found.set(groupId, rules)
      }
    }
  }
  return found
}

type Found = (difference: Omit<Difference, 'user'>) => void

async function verifyUser(
  ports: VerifyPorts,
  user: UserId,
  { badge, createdFrom, remade }: VerifyOptions,
  counted: { groups: number; members: number; replayed: number },
  found: Found,
): Promise<void> {
  const expected = { unread: 0, unseen: 0 }
  for await (const row of rowsOf(ports.groups, user, createdFrom)) {
    const known = await ports.marks.get(user, [row.groupId])
    const own = known.groups.get(row.groupId)
    if (own && own.deleted.upTo > 0) continue
    if (row.unreadSeq > readUpTo(known.all, own)) expected.unread++
    if (row.unreadSeq > seenUpTo(known.all, own)) expected.unseen++
    counted.groups++
    counted.members += await verifyMembers(ports, row, found)
    if (remade && (await isWhollyInLog(ports.groups, row, remade.from(user)))) {
      if (await verifyReplayed(remade, row, found)) counted.replayed++
    }
  }
  const { unread, unseen } = await badge(user)
  if (unread !== expected.unread)
    found({ groupId: null, what: 'unread_count', found: unread, expected: expected.unread })
  if (unseen !== expected.unseen)
    found({ groupId: null, what: 'unseen_count', found: unseen, expected: expected.unseen })
}

async function verifyMembers({ groups, members }: VerifyPorts, row: GroupRow, found: Found): Promise<number> {
  if (row.actorCountIsEstimate) return 0
  const [full = row] = await groups.get([{ user: row.user, groupId: row.groupId }])
  const newest: Register[] = []
  let count = 0
  for (let after: Parameters<typeof listMembers>[2] = null; ; ) {
    const page = await listMembers(members, full, after, pageOf)
    count += page.registers.length
    if (newest.length < full.newestActors.length) newest.push(...page.registers)
    after = page.next
    if (!after) break
  }
  const { groupId } = row
  if (count !== full.actorCount) found({ groupId, what: 'actor_count', found: full.actorCount, expected: count })
  const top = newest.sort(newestFirst).slice(0, full.newestActors.length)
  compare(groupId, 'newest actors', full.newestActors.map(actorOf), top.map(actorOf), found)
  return count
}

/** So many groups of a key are looked at; what is behind them is too old to take in or give up anything. */
const groupsOfKeyMax = 100

async function groupsOfKey(groups: GroupStore, user: UserId, key: GroupKey): Promise<readonly GroupRow[]> {
  const [rows = []] = await groups.ofKeys([{ user, key, newest: groupsOfKeyMax, times: [], spanMs: 0 }])
  return rows
}

/**
 * Whether the log alone says how a group came about. An older group of its key that the log no longer tells of may have
 * taken in what would else have opened this one.
 */
async function isWhollyInLog(groups: GroupStore, row: GroupRow, from: Seq): Promise<boolean> {
  if (row.openedSeq < from) return false
  const rows = await groupsOfKey(groups, row.user, row)
  return rows.every((other) => other.openedSeq >= from)
}

const actorOf = (register: Register): UserId => register.actor

/** False where the log goes on behind what is folded of the group: the two are not of one moment. */
async function verifyReplayed({ groups, foldedTo }: Remade, row: GroupRow, found: Found): Promise<boolean> {
  const { user, groupId } = row
  const [other] = await groups.get([{ user, groupId }])
  if (other && other.applied > Math.max(row.applied, foldedTo(user))) return false
  if (other) compare(groupId, 'state', bare(row), bare(other), found)
  else found({ groupId, what: 'group', found: 'present', expected: 'absent' })
  return true
}

const bare = (row: GroupRow) => ({ ...row, pending: [], hyperLogLog: null })

function compare(groupId: GroupId, what: string, found: unknown, expected: unknown, tell: Found): void {
  if (JSON.stringify(sorted(found)) !== JSON.stringify(sorted(expected))) tell({ groupId, what, found, expected })
}

/** With the keys of objects in one order, so that equal values are equal text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}

async function* rowsOf(groups: GroupStore, user: UserId, createdFrom: number): AsyncGenerator<GroupRow> {
  for (let after: GroupId | null = null; ; ) {
    const page: readonly GroupRow[] = await groups.list(user, { after, createdFrom, types: null, limit: pageOf })
    yield* page
    after = page.at(-1)?.groupId ?? null
    if (!after || page.length < pageOf) return
  }
}
