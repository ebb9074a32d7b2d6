import { LRUCache } from 'lru-cache'
import type { GroupId, Seq, UserId } from '../../model/ids.ts'
import type { OfflineQueue, QueuedChange, QueuedChanges } from '../../ports/offline-queue.ts'

/** What changed above `from`, all of it up to `to`. Two lists and no object for each change, since there may be very many. */
class Queue {
  #from: Seq
  #to: Seq
  /** Lowest first. */
  readonly #seqs: Seq[] = []
  readonly #groupIds: (GroupId | null)[] = []
  /** What is in front of it was dropped. */
  #start = 0

  constructor(first: QueuedChanges, max: number) {
    this.#from = first.from
    this.#to = first.from
    this.push(first, max)
  }

  get to(): Seq {
    return this.#to
  }

  get length(): number {
    return this.#seqs.length - this.#start
  }

  /** What follows on what is here. What is dropped moves the start up to it. */
  push({ to, changes }: QueuedChanges, max: number): void {
    for (const { seq, groupId } of changes) {
      this.#seqs.push(seq)
      this.#groupIds.push(groupId)
    }
    this.#to = to
    const dropped = this.length - max
    if (dropped <= 0) return
    this.#start += dropped
    this.#from = this.#seqs[this.#start - 1] as Seq
    if (this.#start < max) return
    this.#seqs.splice(0, this.#start)
    this.#groupIds.splice(0, this.#start)
    this.#start = 0
  }

  after(seq: Seq): readonly QueuedChange[] | undefined {
    if (seq < this.#from || seq > this.#to) return undefined
    const found: QueuedChange[] = []
    for (let i = this.#seqs.length - 1; i >= this.#start && (this.#seqs[i] as Seq) > seq; i--)
      found.push({ seq: this.#seqs[i] as Seq, groupId: this.#groupIds[i] as GroupId | null })
    return found.reverse()
  }
}

/** A queue, and its size as the cache knows it: the cache weighs a value anew only when it is another one. */
interface Kept {
  readonly queue: Queue
  readonly size: number
}

export type OfflineState = LRUCache<UserId, Kept>

export interface OfflineSettings {
  /** Users whose queues are kept; those who were away the longest go first. */
  readonly maxUsers?: number
  /** Users and changes in all queues together. */
  readonly maxSize?: number
}

export const newOfflineState = ({ maxUsers = 50_000, maxSize = 500_000 }: OfflineSettings = {}): OfflineState =>
  new LRUCache<UserId, Kept>({ max: maxUsers, maxSize, sizeCalculation: ({ size }) => size })

export function memoryOfflineQueue(state: OfflineState): OfflineQueue {
  return {
    async push(pushes, max) {
      for (const push of pushes) {
        const kept = state.get(push.user)?.queue
        // What is repeated, or comes late from a worker that lost its partition, is known already.
        if (kept && push.to <= kept.to) continue
        const follows = kept?.to === push.from
        if (follows) kept.push(push, max)
        const queue = follows ? kept : new Queue(push, max)
        state.set(push.user, { queue, size: 1 + queue.length })
      }
    },

    async read(user, after) {
      return state.get(user)?.queue.after(after)
    },

    async drop(users) {
      for (const user of users) state.delete(user)
    },

    async entries() {
      return state.calculatedSize - state.size
    },

    async [Symbol.asyncDispose]() {},
  }
}
