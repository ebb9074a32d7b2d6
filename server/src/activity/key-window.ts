import type { EventType, ObjectType } from '@headwater/protocol'
import { appended } from '../lib/appended.ts'
import type { GroupRow } from '../model/activity-group.ts'
import { undoLookBack } from '../model/choose-group.ts'
import type { GroupKey } from '../model/event.ts'
import type { GroupId, Seq, UserId } from '../model/ids.ts'
import { OpenGroup } from '../model/open-group.ts'
import { closeAfterMaxMs } from './settings.ts'
import { StaleView } from './stale-view.ts'
import type { UserFold } from './user-fold.ts'

/**
 * The groups of one key of one user while events of it come in. Unflushed changes of a key lie in one month only, so they
 * are written together or not at all, and a replay can tell by the highest `applied` what is already in the views.
 */
export class KeyWindow implements GroupKey {
  readonly eventType: EventType
  readonly verb: string
  readonly objectType: ObjectType
  readonly objectId: string
  readonly owner: UserFold
  /** Oldest first. */
  groups: OpenGroup[] = []
  /** The group, where there is one alone: nearly always, and then nobody has to look into the list. */
  only: OpenGroup | null = null
  /** When the window closes and its memory is released, by the monotonic clock. */
  endsAt: number
  dirtyMonth: number | null = null
  /** Events since it was opened; since it was last spared, and one more. */
  recentEvents = 0
  /** Another window of its user about the same object. */
  nextOfObject: KeyWindow | undefined = undefined
  /** All groups of the key created at or after this are here. */
  #coveredFrom = Number.POSITIVE_INFINITY
  /** Of keys of so many groups that not all are here. */
  #coveredTimes: Set<number> | null = null

  constructor(key: GroupKey, owner: UserFold, endsAt: number) {
    this.eventType = key.eventType
    this.verb = key.verb
    this.objectType = key.objectType
    this.objectId = key.objectId
    this.owner = owner
    this.endsAt = endsAt
  }

  /** True when every group that an event of this time could belong to is here. */
  covers(createdAt: number): boolean {
    return createdAt - closeAfterMaxMs >= this.#coveredFrom || this.#coveredTimes?.has(createdAt) === true
  }

  /**
   * Takes in what the store knows: the newest groups of the key and those near `times`. `next` is the record to be folded
   * next. Groups of one key must be as of one moment: what is read later and lies ahead of it may be another worker's.
   */
  load(rows: readonly GroupRow[], times: readonly number[], next: Seq): void {
    const known = new Map(this.groups.map((group) => [group.groupId, group]))
    for (const row of rows) {
      const group = known.get(row.groupId)
      if (group && row.applied > group.applied) throw new StaleView(group)
      const [other] = known.values()
      if (!group && other && row.applied >= next) throw new StaleView(other)
    }
    for (const row of rows) if (!known.has(row.groupId)) this.add(OpenGroup.fromRow(row))
    const newest = rows.slice(0, undoLookBack)
    const from = newest.length < undoLookBack ? Number.NEGATIVE_INFINITY : (newest.at(-1) as GroupRow).createdAt
    this.#coveredFrom = Math.min(this.#coveredFrom, from)
    if (from === Number.NEGATIVE_INFINITY) return
    this.#coveredTimes ??= new Set()
    for (const time of times) this.#coveredTimes.add(time)
  }

  add(group: OpenGroup): void {
    const at = this.groups.findIndex((other) => isOlder(group, other))
    if (at < 0) this.groups = appended(this.groups, group)
    else this.groups.splice(at, 0, group)
    this.only = this.groups.length === 1 ? group : null
  }

  find(groupId: GroupId): OpenGroup | undefined {
    return this.groups.find((group) => group.groupId === groupId)
  }

  /** True when folding this actor needs no question to the member table, whichever group it comes to. */
  knows(actor: UserId): boolean {
    for (const group of this.groups) if (!group.knows(actor)) return false
    return true
  }

  /** Everything of this key up to here is in the rows. */
  get applied(): Seq {
    if (this.only) return this.only.applied
    let applied = 0
    for (const group of this.groups) applied = Math.max(applied, group.applied)
    return applied
  }
}

/** As their ids sort, also among those of one moment: the newest eight must be those that a store takes for them. */
const isOlder = (a: OpenGroup, b: OpenGroup): boolean =>
  a.createdAt !== b.createdAt ? a.createdAt < b.createdAt : a.groupId > b.groupId
