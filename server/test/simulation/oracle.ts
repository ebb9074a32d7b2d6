import assert from 'node:assert/strict'
import type { ActivityGroup } from '@headwater/protocol'
import { defaultTypeRules } from '../../src/activity/settings.ts'
import type { LogState } from '../../src/engines/memory/event-log-state.ts'
import type { GroupId, Partition, Seq, UserId } from '../../src/model/ids.ts'
import type { LogRecord, LogValue } from '../../src/model/log-record.ts'
import { userOf } from '../../src/model/log-record.ts'
import { actorsOf, PlainFold, type PlainGroup, type PlainUser } from '../model/plain-fold.ts'

/** Something that a client was told, with how many records the log had by then. */
export interface Told {
  readonly what: string
  readonly user: UserId
  readonly logLength: number
}
export interface ToldCounts extends Told {
  readonly seq: Seq
  readonly unread: number
  readonly unseen: number
}
export interface ToldGroup extends Told {
  readonly group: ActivityGroup
}

/** What every client at one version of a group has to be shown of it, whoever they are and whatever they have read. */
interface GroupVersion {
  readonly actors: number
  readonly events: number
  readonly top: string
  readonly metadata: string
  readonly unreadSeq: Seq
}

/** Marks that may be shown before their record is folded; more than this at once are not tried in every combination. */
const earlyMarksMax = 8

/**
 * The truth: the log as it came to be, folded in the plainest way. What was told while the run went on is noted and held
 * against it afterwards, since a position means the same state for ever.
 */
export class Oracle {
  readonly #log: LogState
  readonly #partitionOf: (user: UserId) => Partition
  readonly #counts: ToldCounts[] = []
  readonly #groups: ToldGroup[] = []
  /** Counts that were those of a later position than the one they were told with. */
  ahead = 0
  /** Counts of no position at all, told while a flush was under way. */
  halfway = 0

  constructor(log: LogState, partitionOf: (user: UserId) => Partition) {
    this.#log = log
    this.#partitionOf = partitionOf
  }

  get logLength(): number {
    return this.#log.parts.reduce((sum, part) => sum + part.start + part.records.length, 0)
  }

  counts(what: string, user: UserId, seq: Seq, unread: number, unseen: number): void {
    this.#counts.push({ what, user, seq, unread, unseen, logLength: this.#lengthFor(user) })
  }

  group(what: string, user: UserId, group: ActivityGroup): void {
    this.#groups.push({ what, user, group, logLength: this.#lengthFor(user) })
  }

  records(): LogRecord[] {
    return this.#log.parts.flatMap((part) => part.records)
  }

  /** What the log means now. */
  fold(): PlainFold {
    const plain = new PlainFold(defaultTypeRules)
    for (const record of this.records()) plain.fold(record)
    return plain
  }

  /** Holds everything that was told against the truth at its position. */
  check(): void {
    const plain = new PlainFold(defaultTypeRules)
    const versions = new Map<string, GroupVersion>()
    const counts = Map.groupBy(this.#counts, ({ user }) => user)
    const byUser = Map.groupBy(this.records(), ({ value }) => userOf(value))
    for (const user of counts.keys()) if (!byUser.has(user)) byUser.set(user, [])
    for (const [user, records] of byUser) {
      const told = (counts.get(user) ?? []).sort((a, b) => a.seq - b.seq)
      let next = 0
      let unmatched: { readonly told: ToldCounts; readonly expected: string }[] = []
      for (let i = 0; i <= records.length; i++) {
        const record = records[i]
        const later = records.slice(i)
        const before = records[i - 1]
        unmatched = unmatched.filter(({ told, expected }) => {
          if (before && before.offset >= told.logLength) this.#refuseCounts(told, expected)
          const found = wrongCounts(plain.user(user), told, later)
          if (found === null) this.ahead++
          return found !== null
        })
        for (; next < told.length && (!record || (told[next] as ToldCounts).seq < record.seq); next++) {
          const one = told[next] as ToldCounts
          const expected = wrongCounts(plain.user(user), one, later)
          if (expected !== null) unmatched.push({ told: one, expected })
        }
        if (!record) break
        plain.fold(record)
        noteVersions(versions, user, plain.user(user), record)
      }
      for (const { told, expected } of unmatched) this.#refuseCounts(told, expected)
    }
    for (const told of this.#groups) checkGroup(told, versions)
  }

  /**
   * Who reads while a flush is halfway may count groups of which the head does not tell yet, and not others. With
   * nothing on its way there is no such excuse.
   */
  #refuseCounts({ what, user, seq, unread, unseen, logLength }: ToldCounts, expected: string): void {
    const isUnderWay = this.#log.parts[this.#partitionOf(user)]?.records.some(
      ({ value, seq: later, offset }) => userOf(value) === user && later > seq && offset < logLength,
    )
    if (!isUnderWay) {
      assert.fail(`${what}: counts of ${user} at ${seq} are ${unread}/${unseen}, and should be ${expected}`)
    }
    this.halfway++
  }

  #lengthFor(user: UserId): number {
    const part = this.#log.parts[this.#partitionOf(user)]
    return part ? part.start + part.records.length : 0
  }
}

function noteVersions(versions: Map<string, GroupVersion>, user: UserId, plain: PlainUser, { seq }: LogRecord): void {
  for (const group of plain.groups) {
    if (group.seq === seq) versions.set(`${user} ${group.groupId} ${seq}`, versionOf(group))
  }
}

function versionOf(group: PlainGroup): GroupVersion {
  const actors = actorsOf(group)
  return {
    actors: actors.length,
    events: group.eventCount,
    top: actors
      .slice(0, 3)
      .map(({ actor }) => actor)
      .join(),
    metadata: JSON.stringify(group.previews[0]?.metadata ?? {}),
    unreadSeq: group.unreadSeq,
  }
}

function checkGroup({ what, user, group }: ToldGroup, versions: ReadonlyMap<string, GroupVersion>): void {
  const expected = versions.get(`${user} ${group.group_id} ${group.seq}`)
  const found: GroupVersion = {
    actors: group.actor_count,
    events: group.event_count,
    top: group.top_actors.map(({ id }) => id).join(),
    metadata: JSON.stringify(group.metadata),
    unreadSeq: group.unread_seq,
  }
  assert.deepEqual(found, expected, `${what}: group ${group.group_id} of ${user} at ${group.seq}`)
}

/**
 * Counts belong to a position. Marks and removals that a user made hold from the moment at which they are answered,
 * which is before the worker has come to them: any of those that the log had by then may be in the counts already.
 */
function wrongCounts(plain: PlainUser, told: ToldCounts, later: readonly LogRecord[]): string | null {
  const early = later.filter(({ value, offset }) => isOwn(value) && offset < told.logLength)
  const tries = new Set<string>()
  for (const marks of combinationsOf(early)) {
    const { unread, unseen } = countsWith(plain, marks)
    if (unread === told.unread && unseen === told.unseen) return null
    tries.add(`${unread}/${unseen}`)
  }
  return [...tries].join(' or ')
}

/** Every combination of the newest, with and without those before them; then the first of all, as many as you like. */
function* combinationsOf(early: readonly LogRecord[]): Iterable<readonly LogRecord[]> {
  const newest = early.slice(-earlyMarksMax)
  const before = early.slice(0, -earlyMarksMax)
  for (let chosen = 0; chosen < 2 ** newest.length; chosen++) {
    const marks = newest.filter((_, i) => (chosen >> i) & 1)
    yield marks
    if (before.length > 0) yield [...before, ...marks]
  }
  for (let first = 1; first < before.length; first++) yield before.slice(0, first)
}

const isOwn = ({ kind }: LogValue): boolean => kind === 'mark' || kind === 'group_deleted'

function countsWith(plain: PlainUser, marks: readonly LogRecord[]): { unread: number; unseen: number } {
  let readAll = plain.readAll
  let seenAll = plain.seenAll
  const read = new Map(plain.read)
  const seen = new Map(plain.seen)
  const removed = new Set<GroupId>()
  const raise = (map: Map<GroupId, Seq>, id: GroupId, upTo: Seq) => map.set(id, Math.max(map.get(id) ?? 0, upTo))
  for (const { value } of marks) {
    if (value.kind === 'group_deleted') removed.add(value.groupId)
    if (value.kind !== 'mark') continue
    if (value.groupIds === null) {
      if (value.mark === 'read') readAll = Math.max(readAll, value.upTo)
      seenAll = Math.max(seenAll, value.upTo)
    }
    for (const id of value.groupIds ?? []) {
      if (value.mark === 'read') raise(read, id, value.upTo)
      raise(seen, id, value.upTo)
    }
  }
  let unread = 0
  let unseen = 0
  for (const { groupId, deleted, members, unreadSeq } of plain.groups) {
    if (deleted || removed.has(groupId) || ![...members.values()].some(({ op }) => op === 'ADD')) continue
    const readTo = Math.max(readAll, read.get(groupId) ?? 0)
    if (unreadSeq > readTo) unread++
    if (unreadSeq > Math.max(readTo, seenAll, seen.get(groupId) ?? 0)) unseen++
  }
  return { unread, unseen }
}
