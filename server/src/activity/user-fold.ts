import { type ActivityEvent, type GroupKey, isSameKey } from '../model/event.ts'
import type { GroupId, Offset, Seq, UserId } from '../model/ids.ts'
import type { LogRecord } from '../model/log-record.ts'
import type { MarkChange } from '../model/marks.ts'
import type { Change, OpenGroup } from '../model/open-group.ts'
import type { KeyWindow } from './key-window.ts'

/** What became of an event. */
export interface Folded {
  readonly event: ActivityEvent
  readonly record: LogRecord
  /** Why it changed nothing; null when it did. */
  readonly reason: string | null
  readonly groupId: GroupId | null
}

/** What is folded of one user and not yet flushed. Let go as soon as no window of the user is open. */
export class UserFold {
  readonly user: UserId
  /** The head as the stores know it when all that was taken is stored. */
  flushedHead: Seq
  /** The head that the next flush will write. */
  head: Seq
  readonly windows = new Set<KeyWindow>()
  /** The same by object: nearly always one each, and the others behind it. */
  readonly #ofObject = new Map<string, KeyWindow>()
  /** Groups whose row changed. */
  readonly dirty = new Set<OpenGroup>()
  /** Groups that changed for a reader, or whose change must be told once more. */
  readonly told = new Set<OpenGroup>()
  /** Groups that open with the next flush, with the time at which the log took the event that opens them. */
  readonly opened = new Map<OpenGroup, number>()
  marks: { readonly seq: Seq; readonly marks: readonly MarkChange[] }[] = []
  traces: Folded[] = []
  /** Offset of the oldest record that is folded and not flushed. */
  firstDirty: Offset | null = null
  /** When something of the user was last taken, by the monotonic clock. */
  flushedAt = Number.NEGATIVE_INFINITY
  /** Until when its flushes are paid off, by the monotonic clock. */
  owesUntil = Number.NEGATIVE_INFINITY
  /** Whether anybody may listen to the user; `null` = not asked since something was last taken. */
  isHeard: boolean | null = null
  /** Something opened: do not wait for `flushMs`. */
  urgent = false
  /** A push may have been lost in a crash: tell the gateways the head again. */
  nudge = false
  acceptedAt = 0
  /** How often something was taken and is not stored yet. */
  #onTheWay = 0

  constructor(user: UserId, head: Seq) {
    this.user = user
    this.flushedHead = head
    this.head = head
  }

  window(key: GroupKey): KeyWindow | undefined {
    let window = this.#ofObject.get(key.objectId)
    while (window && !isSameKey(window, key)) window = window.nextOfObject
    return window
  }

  addWindow(window: KeyWindow): void {
    const { objectId } = window
    this.windows.add(window)
    window.nextOfObject = this.#ofObject.get(objectId)
    this.#ofObject.set(objectId, window)
  }

  removeWindow(window: KeyWindow): void {
    const { objectId } = window
    this.windows.delete(window)
    const first = this.#ofObject.get(objectId)
    if (first === window) {
      if (window.nextOfObject) this.#ofObject.set(objectId, window.nextOfObject)
      else this.#ofObject.delete(objectId)
    }
    for (let other = first; other; other = other.nextOfObject) {
      if (other.nextOfObject === window) other.nextOfObject = window.nextOfObject
    }
  }

  get isDirty(): boolean {
    return this.firstDirty !== null
  }

  /** Something of the user is not in the stores: what is in memory must stay. */
  get isBusy(): boolean {
    return this.isDirty || this.#onTheWay > 0
  }

  touch(offset: Offset, appendedAt: number): void {
    this.firstDirty ??= offset
    this.acceptedAt = Math.max(this.acceptedAt, appendedAt)
  }

  changed(group: OpenGroup, change: Change, seq: Seq): void {
    if (change === 'none') return
    this.dirty.add(group)
    if (change === 'visible') this.tell(group, seq)
  }

  tell(group: OpenGroup, seq: Seq): void {
    this.told.add(group)
    this.head = Math.max(this.head, seq)
  }

  /** All that is folded is on its way to the stores: `stored` follows. */
  taken(now: number): void {
    this.#onTheWay++
    this.flushedHead = this.head
    this.dirty.clear()
    this.told.clear()
    this.opened.clear()
    this.marks = []
    this.traces = []
    this.firstDirty = null
    this.flushedAt = now
    this.urgent = false
    this.isHeard = null
    this.nudge = false
    this.acceptedAt = 0
    for (const window of this.windows) window.dirtyMonth = null
  }

  stored(): void {
    this.#onTheWay--
  }
}
