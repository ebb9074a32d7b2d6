import { defaultTypeRules } from '../../src/activity/settings.ts'
import { type LogRecord, userOf } from '../../src/model/log-record.ts'
import { actorsOf, PlainFold, type PlainGroup, type PlainUser } from '../model/plain-fold.ts'

/** By how much the clocks of the server and of the one who writes the history may differ, milliseconds. */
const clockToleranceMs = 100

export interface Counts {
  readonly unread: number
  readonly unseen: number
}

/** A group as it is from a position on. */
export interface GroupVersion {
  readonly groupId: string
  readonly seq: number
  readonly visible: boolean
  readonly actors: number
  readonly events: number
  readonly unreadSeq: number
}

/** What the log says that anybody should have been shown, at any position. */
export class Oracle {
  readonly #users = new Map<string, UserOracle>()

  constructor(records: readonly LogRecord[]) {
    const fold = new PlainFold(defaultTypeRules)
    for (const record of [...records].sort((a, b) => a.seq - b.seq)) {
      fold.fold(record)
      const id = userOf(record.value)
      let user = this.#users.get(id)
      if (!user) {
        user = new UserOracle()
        this.#users.set(id, user)
      }
      user.note(record, fold.user(id))
    }
  }

  user(id: string): UserOracle {
    return this.#users.get(id) ?? new UserOracle()
  }
}

export class UserOracle {
  readonly #records: LogRecord[] = []
  readonly #counts: (Counts & { readonly seq: number })[] = [{ seq: 0, unread: 0, unseen: 0 }]
  readonly #versions = new Map<string, GroupVersion[]>()
  head = 0

  note(record: LogRecord, user: PlainUser): void {
    this.#records.push(record)
    if (user.head === this.head) return
    this.head = user.head
    this.#counts.push({ seq: user.head, unread: user.unread(), unseen: user.unseen() })
    for (const group of user.groups) {
      if (group.seq !== record.seq) continue
      const versions = this.#versions.get(group.groupId) ?? []
      this.#versions.set(group.groupId, versions)
      versions.push(versionOf(group))
    }
  }

  /** The counts at a position. */
  countsAt(seq: number): Counts {
    return lastUpTo(this.#counts, seq) ?? { unread: 0, unseen: 0 }
  }

  /**
   * The counts at a position when what the user did after it and before a moment, marks and deletions, counts already:
   * the API shows that before it is folded. What is shown lies between these counts and the exact ones.
   */
  leastAt(seq: number, t: number): Counts {
    const fold = new PlainFold(defaultTypeRules)
    let id = ''
    for (const record of this.#records) {
      const isLater = record.seq > seq && (record.value.kind === 'event' || record.appendedAt > t + clockToleranceMs)
      if (isLater) continue
      fold.fold(record)
      id = userOf(record.value)
    }
    const user = fold.user(id)
    return { unread: user.unread(), unseen: user.unseen() }
  }

  /** Where the stream goes on from a position. */
  positionsAfter(seq: number): readonly number[] {
    return this.#counts.filter((counts) => counts.seq > seq).map((counts) => counts.seq)
  }

  /** A group at a position; nothing before it is first shown. */
  groupAt(groupId: string, seq: number): GroupVersion | undefined {
    return lastUpTo(this.#versions.get(groupId) ?? [], seq)
  }

  /** Whether a group that is visible at a position is gone in some later version. */
  hiddenAfter(groupId: string, seq: number): boolean {
    return (this.#versions.get(groupId) ?? []).some((version) => version.seq > seq && !version.visible)
  }

  /** All groups as they are at a position. */
  groupsAt(seq: number): readonly GroupVersion[] {
    return [...this.#versions.values()].flatMap((versions) => lastUpTo(versions, seq) ?? [])
  }

  /** Groups that changed after `from`, and by `to` for the last time ever. */
  settledBetween(from: number, to: number): readonly GroupVersion[] {
    return [...this.#versions.values()].flatMap((versions) => {
      const last = versions.at(-1)
      return last && last.seq > from && last.seq <= to ? last : []
    })
  }

  /** How many changes lie after a position and up to another. */
  changesBetween(from: number, to: number): number {
    return this.#counts.filter(({ seq }) => seq > from && seq <= to).length
  }
}

const versionOf = (group: PlainGroup): GroupVersion => {
  const actors = actorsOf(group).length
  const { groupId, seq, eventCount, unreadSeq } = group
  return { groupId, seq, visible: !group.deleted && actors > 0, actors, events: eventCount, unreadSeq }
}

/** The last of an ordered list at or below a position. */
function lastUpTo<T extends { readonly seq: number }>(ordered: readonly T[], seq: number): T | undefined {
  let [low, high] = [0, ordered.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ordered[middle] as T).seq <= seq) low = middle + 1
    else high = middle
  }
  return ordered[low - 1]
}
