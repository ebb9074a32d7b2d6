import type { ActivityGroup } from '@headwater/protocol'
import type { ActivityStream } from '../../activity/activity-api.ts'
import { type GroupRow, isVisible } from '../../model/activity-group.ts'
import type { GroupId, Seq, UserId } from '../../model/ids.ts'
import type { MarkChange } from '../../model/marks.ts'
import type { StreamChange, StreamChanges } from '../../ports/pub-sub.ts'
import type { BadgeCounts } from '../../ports/unread-sets.ts'

interface Truth {
  head: Seq
  /** How far the worker has told of it. */
  told: Seq
  readonly rows: Map<GroupId, GroupRow>
  readonly marks: { readonly seq: Seq; readonly marks: readonly MarkChange[] }[]
}

/** The activity stream as a few maps: the truth that sockets are compared with. Every event is by a new actor. */
export class StreamModel implements ActivityStream {
  readonly epoch = 'e1'
  /** Calls, by method. */
  readonly calls = { badge: 0, since: 0, offlineStart: 0, heads: 0, present: 0 }
  /** Changes that `since` can tell at most. */
  changesMax = 500
  /** Makes calls fail while it is set. */
  failure: Error | null = null
  /** What a read of the store stands behind the truth by: how many positions it does not show yet. */
  lag: Seq = 0
  /** Whether `since` finds that what changed is only partly stored. */
  isHalfway = false
  readonly #users = new Map<UserId, Truth>()

  /** Someone new does something to `object`: a group opens, grows, or comes back. */
  add(user: UserId, object: string, step = 1): Seq {
    const truth = this.#truth(user)
    const seq = truth.head + step
    const before = truth.rows.get(object)
    const visibleSince = before && isVisible(before) ? before.visibleSince : seq
    const actorCount = (before?.actorCount ?? 0) + 1
    truth.rows.set(object, { ...row(user, object), seq, applied: seq, visibleSince, unreadSeq: seq, actorCount })
    truth.head = seq
    return seq
  }

  /** All actors take back. */
  hide(user: UserId, object: string, step = 1): Seq {
    const truth = this.#truth(user)
    const before = truth.rows.get(object)
    if (!before || !isVisible(before)) return truth.head
    truth.head += step
    truth.rows.set(object, { ...before, seq: truth.head, visibleSince: 0, actorCount: 0 })
    return truth.head
  }

  mark(user: UserId, mark: 'read' | 'seen', groupIds: readonly GroupId[] | null, upTo?: Seq, step = 1): Seq {
    const truth = this.#truth(user)
    const covered = upTo ?? truth.head
    const seq = truth.head + step
    const ids = groupIds ?? [null]
    truth.marks.push({ seq, marks: ids.map((groupId) => ({ groupId, mark, upTo: covered, seq })) })
    truth.head = seq
    return seq
  }

  /** The message for what happened since the last one. */
  tell(user: UserId, withCounts = true): StreamChanges {
    const truth = this.#truth(user)
    const from = truth.told
    truth.told = truth.head
    const changes = this.#changes(truth, from, truth.head)
    const counts = withCounts ? this.#badge(truth, truth.head) : null
    return { kind: 'changes', user, from, to: truth.head, changes, counts, acceptedAt: 0 }
  }

  head(user: UserId): Seq {
    return this.#truth(user).head
  }

  /** What a fresh page shows. */
  page(user: UserId): { readonly groups: readonly ActivityGroup[]; readonly badge: BadgeCounts } {
    const truth = this.#truth(user)
    const groups = [...truth.rows.values()].filter(isVisible).map((each) => this.#show(truth, each, null))
    return { groups, badge: this.#badge(truth, truth.head) }
  }

  async badge(user: UserId): Promise<BadgeCounts> {
    await this.#call('badge')
    const truth = this.#truth(user)
    return this.#badge(truth, Math.max(0, truth.head - this.lag))
  }

  async since(user: UserId, after: Seq) {
    await this.#call('since')
    if (this.isHalfway) return { changes: [], upTo: after }
    const truth = this.#truth(user)
    const upTo = Math.max(0, truth.head - this.lag)
    // The head is read before the rows, so a row may be ahead of it, and hide what it was at the head.
    const changes = this.#changes(truth, after, truth.head)
    return changes.length > this.changesMax ? ({ gap: true } as const) : { changes, upTo }
  }

  async offlineStart(user: UserId): Promise<Seq> {
    await this.#call('offlineStart')
    const truth = this.#truth(user)
    const all = this.#changes(truth, 0, truth.head)
    return all.at(-this.changesMax - 1)?.seq ?? 0
  }

  async heads(users: readonly UserId[]): Promise<readonly Seq[]> {
    await this.#call('heads')
    return users.map((user) => Math.max(0, this.#truth(user).head - this.lag))
  }

  async present(user: UserId, rows: readonly GroupRow[], locale: string | null): Promise<readonly ActivityGroup[]> {
    await this.#call('present')
    return rows.map((each) => this.#show(this.#truth(user), each, locale))
  }

  async #call(method: keyof StreamModel['calls']): Promise<void> {
    this.calls[method]++
    await null
    if (this.failure) throw this.failure
  }

  #truth(user: UserId): Truth {
    const found = this.#users.get(user) ?? { head: 0, told: 0, rows: new Map(), marks: [] }
    this.#users.set(user, found)
    return found
  }

  #changes(truth: Truth, after: Seq, upTo: Seq): StreamChange[] {
    const rows = [...truth.rows.values()].map((group): StreamChange => ({ seq: group.seq, group }))
    return [...rows, ...truth.marks].filter(({ seq }) => seq > after && seq <= upTo).sort((a, b) => a.seq - b.seq)
  }

  #badge(truth: Truth, upTo: Seq): BadgeCounts {
    const rows = [...truth.rows.values()].filter(isVisible)
    const unread = rows.filter((each) => !this.#isMarked(truth, each, 'read')).length
    const unseen = rows.filter((each) => !this.#isMarked(truth, each, 'seen')).length
    return { upTo, unread, unseen, unreadByType: {} }
  }

  #isMarked(truth: Truth, { groupId, unreadSeq }: GroupRow, as: 'read' | 'seen'): boolean {
    const marks = truth.marks.flatMap((entry) => entry.marks)
    return marks.some(
      (mark) =>
        (mark.mark === as || mark.mark === 'read') &&
        (mark.groupId === null || mark.groupId === groupId) &&
        mark.upTo >= unreadSeq,
    )
  }

  #show(truth: Truth, each: GroupRow, locale: string | null): ActivityGroup {
    return {
      group_id: each.groupId,
      event_type: each.eventType,
      verb: '',
      object_type: each.objectType,
      object_id: each.objectId,
      actor_count: each.actorCount,
      actor_count_is_estimate: false,
      new_actor_count: 0,
      event_count: each.eventCount,
      top_actors: [],
      summary: `${each.actorCount} ${locale ?? 'en'}`,
      latest_preview: null,
      metadata: {},
      is_read: this.#isMarked(truth, each, 'read'),
      is_seen: this.#isMarked(truth, each, 'seen'),
      is_closed: false,
      group_created_at: each.createdAt,
      updated_at: each.updatedAt,
      unread_seq: each.unreadSeq,
      seq: each.seq,
    }
  }
}

const row = (user: UserId, object: string): GroupRow => ({
  user,
  groupId: object,
  eventType: 'LIKE',
  verb: '',
  objectType: 'POST',
  objectId: object,
  createdAt: 0,
  openedSeq: 0,
  rules: { closeAfterMs: 86_400_000, reopenReadGroups: true },
  applied: 0,
  seq: 0,
  visibleSince: 0,
  deletedSeq: 0,
  unreadSeq: 0,
  actorCount: 0,
  actorCountIsEstimate: false,
  eventCount: 0,
  newestActors: [],
  firstSeqSpans: [],
  updatedAt: 0,
  hyperLogLog: null,
  erasures: [],
  pending: [],
})
