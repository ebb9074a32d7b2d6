import assert from 'node:assert/strict'
import type { ActivityGroup } from '@headwater/protocol'
import { defaultTypeRules } from '../../src/activity/settings.ts'
import { endOf, type LogState } from '../../src/engines/memory/event-log-state.ts'
import type { Offset, Partition, Seq, UserId } from '../../src/model/ids.ts'
import type { LogRecord, LogValue } from '../../src/model/log-record.ts'
import { userOf } from '../../src/model/log-record.ts'
import { actorsOf, metadataOf, PlainFold, type PlainGroup, type PlainUser } from '../model/plain-fold.ts'

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

/** Marks that change the counts and may be shown before their record is folded: more are not tried in every combination. */
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
  readonly #plain = new PlainFold(defaultTypeRules)
  /** How far the log is folded in there. */
  readonly #folded = new Map<Partition, Offset>()
  /** Counts that were those of a later position than the one they were told with. */
  ahead = 0
  /** Counts of no position at all, told while a flush was under way. */
  halfway = 0

  constructor(log: LogState, partitionOf: (user: UserId) => Partition) {
    this.#log = log
    this.#partitionOf = partitionOf
  }

  get logLength(): number {
    return this.#log.parts.reduce((sum, part) => sum + endOf(part), 0)
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
    for (const part of this.#log.parts) {
      const folded = this.#folded.get(part.partition) ?? 0
      for (const record of part.records.slice(folded - part.start)) this.#plain.fold(record)
      this.#folded.set(part.partition, endOf(part))
    }
    return this.#plain
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
          // What follows was not there yet when they were told.
          if (before && before.offset >= told.logLength) {
            this.#refuseCounts(told, expected)
            return false
          }
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
    return part ? endOf(part) : 0
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
    metadata: JSON.stringify(metadataOf(group)),
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
  const groups = plain.visible().filter((group) => group.unreadSeq > plain.readUpTo(group))
  const isUnseen = (group: PlainGroup) => group.unreadSeq > plain.seenUpTo(group)
  const all: Marked = { read: maskOf(groups, () => true), seen: maskOf(groups, isUnseen) }
  const early = later.filter(({ value, offset }) => isOwn(value) && offset < told.logLength)
  const tries = new Set<string>()
  for (const marked of combinationsOf(effectsOf(early, groups, all))) {
    const [unread, unseen] = [bitsIn(all.read & ~marked.read), bitsIn(all.seen & ~marked.seen)]
    if (unread === told.unread && unseen === told.unseen) return null
    tries.add(`${unread}/${unseen}`)
  }
  return [...tries].join(' or ')
}

/** Groups that are counted no more, a bit each. */
interface Marked {
  readonly read: bigint
  readonly seen: bigint
}

const nothing: Marked = { read: 0n, seen: 0n }

const isOwn = ({ kind }: LogValue): boolean => kind === 'mark' || kind === 'group_deleted'

/** What each of them takes from the counts, in their order; those that take nothing, or what one before them took, left out. */
function effectsOf(early: readonly LogRecord[], groups: readonly PlainGroup[], { read, seen }: Marked): Marked[] {
  const effects = new Map<string, Marked>()
  for (const { value } of early) {
    const mask = maskOf(groups, (group) => isMarkedBy(value, group))
    const effect = { read: value.kind === 'mark' && value.mark === 'seen' ? 0n : mask & read, seen: mask & seen }
    const key = `${effect.read} ${effect.seen}`
    if (key !== '0 0' && !effects.has(key)) effects.set(key, effect)
  }
  return [...effects.values()]
}

function isMarkedBy(value: LogValue, { groupId, unreadSeq }: PlainGroup): boolean {
  if (value.kind === 'group_deleted') return value.groupId === groupId
  return value.kind === 'mark' && unreadSeq <= value.upTo && (value.groupIds?.includes(groupId) ?? true)
}

/** Every combination of the newest, with and without those before them; then the first of all, as many as you like. */
function* combinationsOf(early: readonly Marked[]): Iterable<Marked> {
  const newest = early.slice(-earlyMarksMax)
  const before = early.slice(0, -earlyMarksMax)
  const allBefore = together(before)
  for (let chosen = 0; chosen < 2 ** newest.length; chosen++) {
    const marks = newest.filter((_, i) => (chosen >> i) & 1)
    yield together(marks)
    if (before.length > 0) yield together([allBefore, ...marks])
  }
  for (let first = 1; first < before.length; first++) yield together(before.slice(0, first))
}

const together = (marks: readonly Marked[]): Marked =>
  marks.reduce((a, b) => ({ read: a.read | b.read, seen: a.seen | b.seen }), nothing)

const maskOf = (groups: readonly PlainGroup[], isIn: (group: PlainGroup) => boolean): bigint =>
  groups.reduce((mask, group, i) => (isIn(group) ? mask | (1n << BigInt(i)) : mask), 0n)

function bitsIn(mask: bigint): number {
  let bits = 0
  for (let left = mask; left > 0n; left &= left - 1n) bits++
  return bits
}
