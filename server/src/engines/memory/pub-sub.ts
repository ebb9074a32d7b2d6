import type { UserId } from '../../model/ids.ts'
import type { PubSub, StreamMessage, Subscription } from '../../ports/pub-sub.ts'

export interface Listener {
  message(message: StreamMessage): void
  gap(): void
}

/** Who listens to whom. */
export interface PubSubState {
  /** A user has one or two, and a list is smaller than a set. */
  readonly byUser: Map<UserId, readonly Listener[]>
  readonly listeners: Set<Listener>
}

export const newPubSubState = (): PubSubState => ({ byUser: new Map(), listeners: new Set() })

/** As if all connections had broken and were mended. */
export function breakSubscriptions(state: PubSubState): void {
  for (const listener of [...state.listeners]) listener.gap()
}

/**
 * Delivers in microtasks, one per message, in the order in which messages were published: a listener that throws
 * breaks neither its publisher nor the other listeners. What was published before a `remove` is heard before
 * that returns. All get the same object, so nobody may change it.
 */
export function memoryPubSub(state: PubSubState): PubSub {
  const subscriptions = new Set<Subscription>()

  return {
    async mayBeHeard(users) {
      return users.map((user) => state.byUser.has(user))
    },

    async publish(messages) {
      for (const message of messages) {
        for (const listener of state.byUser.get(message.user) ?? []) {
          queueMicrotask(() => listener.message(message))
        }
      }
    },

    async subscribe(on) {
      const listener: Listener = { message: (message) => on.message(message), gap: () => on.gap() }
      const users = new Set<UserId>()
      state.listeners.add(listener)
      const subscription: Subscription = {
        async add(added) {
          for (const user of added) {
            users.add(user)
            const others = state.byUser.get(user) ?? []
            if (!others.includes(listener)) state.byUser.set(user, [...others, listener])
          }
        },

        async remove(removed) {
          for (const user of removed) {
            users.delete(user)
            const others = state.byUser.get(user)?.filter((other) => other !== listener) ?? []
            if (others.length > 0) state.byUser.set(user, others)
            else state.byUser.delete(user)
          }
        },

        async [Symbol.asyncDispose]() {
          await subscription.remove([...users])
          state.listeners.delete(listener)
          subscriptions.delete(subscription)
        },
      }
      subscriptions.add(subscription)
      return subscription
    },

    async [Symbol.asyncDispose]() {
      for (const subscription of [...subscriptions]) await subscription[Symbol.asyncDispose]()
    },
  }
}
