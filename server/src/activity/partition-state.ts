import type { EventType } from '@headwater/protocol'
import type { GroupKey } from '../model/event.ts'
import type { Offset, Partition, Seq, UserId } from '../model/ids.ts'
import { KeyWindow } from './key-window.ts'
import type { ActivitySettings } from './settings.ts'
import { UserFold } from './user-fold.ts'

/** Everything in memory about one owned partition. Dropped whole when the partition is lost. */
export class PartitionState {
  readonly partition: Partition
  /** Everything below is folded. */
  folded: Offset
  committed: Offset
  readonly users = new Map<UserId, UserFold>()
  readonly dirty = new Set<UserFold>()
  /** The oldest record of what is on its way to the stores. */
  writingFrom: Offset | null = null
  /** The one that was opened, or extended, or spared, longest ago comes first. */
  readonly windows = new Set<KeyWindow>()
  /** The windows of one type are all of one length, so they end in the order in which they were opened or extended. */
  readonly #ending = new Map<EventType, Set<KeyWindow>>()

  constructor(partition: Partition, from: Offset) {
    this.partition = partition
    this.folded = from
    this.committed = from
  }

  user(user: UserId, head: () => Seq): UserFold {
    let fold = this.users.get(user)
    if (!fold) {
      fold = new UserFold(user, head())
      this.users.set(user, fold)
    }
    return fold
  }

  window(user: UserId, key: GroupKey): KeyWindow | undefined {
    return this.users.get(user)?.window(key)
  }

  openWindow(owner: UserFold, key: GroupKey, endsAt: number): KeyWindow {
    const window = new KeyWindow(key, owner, endsAt)
    this.windows.add(window)
    this.#endingOf(window).add(window)
    owner.addWindow(window)
    return window
  }

  /** An event came: a sliding window lives on with each. */
  extend(window: KeyWindow, now: number, settings: ActivitySettings): void {
    window.recentEvents++
    const rules = settings.rulesOf(window.eventType)
    if (rules.windowKind !== 'sliding') return
    window.endsAt = now + rules.windowMs
    this.#putLast(window)
    const ending = this.#endingOf(window)
    ending.delete(window)
    ending.add(window)
  }

  /**
   * Lets go of windows that ended, and past `most` of the oldest ones, sparing once those that came again meanwhile (the
   * algorithm CLOCK; Corbató 1968): most keys come once, and those that come again and again are not to be loaded each
   * time. Those with unflushed changes stay.
   */
  release(now: number, most: number): void {
    for (const ending of this.#ending.values()) {
      for (const window of ending) {
        if (window.endsAt > now) break
        this.#letGo(window)
      }
    }
    for (const window of this.windows) {
      if (this.windows.size <= most) break
      if (window.recentEvents > 1) this.#putLast(window)
      else this.#letGo(window)
    }
  }

  #putLast(window: KeyWindow): void {
    window.recentEvents = 1
    this.windows.delete(window)
    this.windows.add(window)
  }

  #letGo(window: KeyWindow): void {
    if (window.owner.isBusy) return
    this.drop(window)
    this.releaseUser(window.owner)
  }

  #endingOf({ eventType }: KeyWindow): Set<KeyWindow> {
    let ending = this.#ending.get(eventType)
    if (!ending) {
      ending = new Set()
      this.#ending.set(eventType, ending)
    }
    return ending
  }

  /** Forgets what is in memory of a key; it is loaded again when it is needed. */
  drop(window: KeyWindow): void {
    this.windows.delete(window)
    this.#endingOf(window).delete(window)
    window.owner.removeWindow(window)
  }

  releaseUser(user: UserFold): void {
    if (user.windows.size === 0 && !user.isBusy) this.users.delete(user.user)
  }

  /** The offset to start again from after a crash now. */
  get safe(): Offset {
    let safe = Math.min(this.folded, this.writingFrom ?? this.folded)
    for (const user of this.dirty) safe = Math.min(safe, user.firstDirty ?? safe)
    return safe
  }
}
