import { LRUCache } from 'lru-cache'
import type { Seq, UserId } from '../../model/ids.ts'
import type { OfflineQueue, QueuedChange, QueuedChanges } from '../../ports/offline-queue.ts'

/** What changed above `from`, all of it up to `to`. */
interface Queue {
  readonly from: Seq
  readonly to: Seq
  readonly changes: readonly QueuedChange[]
}

export interface OfflineState {
  readonly queues: LRUCache<UserId, Queue>
  /** Changes in all queues. */
  entries: number
}

export interface OfflineSettings {
  /** Users whose queues are kept; those who were away the longest go first. */
  readonly maxUsers?: number
}

export function newOfflineState({ maxUsers = 50_000 }: OfflineSettings = {}): OfflineState {
  const queues = new LRUCache<UserId, Queue>({
    max: maxUsers,
    dispose: (queue) => {
      state.entries -= queue.changes.length
    },
  })
  const state: OfflineState = { queues, entries: 0 }
  return state
}

export function memoryOfflineQueue(state: OfflineState): OfflineQueue {
  return {
    async push(pushes, max) {
      for (const push of pushes) {
        const queue = state.queues.get(push.user)
        // What is repeated, or comes late from a worker that lost its partition, is known already.
        if (queue && push.to <= queue.to) continue
        const next = trimmed(queue?.to === push.from ? joined(queue, push) : push, max)
        state.entries += next.changes.length
        state.queues.set(push.user, next)
      }
    },

    async read(user, after) {
      const queue = state.queues.get(user)
      if (!queue || after < queue.from || after > queue.to) return undefined
      return queue.changes.filter(({ seq }) => seq > after)
    },

    async drop(users) {
      for (const user of users) state.queues.delete(user)
    },

    async entries() {
      return state.entries
    },

    async [Symbol.asyncDispose]() {},
  }
}

const joined = (queue: Queue, push: QueuedChanges): Queue => ({
  from: queue.from,
  to: push.to,
  changes: [...queue.changes, ...push.changes],
})

/** What is dropped moves the start up to it. */
function trimmed({ from, to, changes }: Queue, max: number): Queue {
  const dropped = changes[changes.length - max - 1]
  return dropped ? { from: dropped.seq, to, changes: changes.slice(-max) } : { from, to, changes }
}
