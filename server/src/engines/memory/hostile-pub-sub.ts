import type { UserId } from '../../model/ids.ts'
import type { PubSub, StreamMessage } from '../../ports/pub-sub.ts'
import { deepFrozen } from './deep-frozen.ts'
import type { HostileContext } from './hostile-log.ts'
import { breakSubscriptions, memoryPubSub, type PubSubState } from './pub-sub.ts'

/**
 * Messages of one user keep their order, as long as none is lost; those of different users do not. A repeated one comes
 * again at any later time.
 */
export function hostilePubSub(state: PubSubState, { world, process }: HostileContext): PubSub {
  const pubSub = memoryPubSub(state)
  if (process.silent) process.death.addEventListener('abort', () => void pubSub[Symbol.asyncDispose]())
  /** Messages that are late, and those that queue behind them. */
  const waiting = new Map<UserId, StreamMessage[]>()
  const deliver = (message: StreamMessage) => void pubSub.publish([message])

  function deliverWaiting(user: UserId): void {
    const messages = waiting.get(user) ?? []
    waiting.delete(user)
    messages.forEach(deliver)
  }

  world.onCalm(() => {
    for (const [user, messages] of waiting) {
      if (world.strikes('pub_sub.last_lost')) messages.pop()
      deliverWaiting(user)
    }
  })

  function send(message: StreamMessage): void {
    if (world.strikes('pub_sub.lost')) return
    if (world.strikes('pub_sub.repeated')) world.later('pub_sub', () => deliver(message))
    const before = waiting.get(message.user)
    if (before) {
      before.push(message)
    } else if (world.strikes('pub_sub.late')) {
      waiting.set(message.user, [message])
      world.later('pub_sub', () => deliverWaiting(message.user))
    } else {
      deliver(message)
    }
  }

  return {
    mayBeHeard: (users) => process.call('pubSub.mayBeHeard', () => pubSub.mayBeHeard(users)),
    publish: (messages) =>
      process.call('pubSub.publish', async () => {
        if (world.strikes('pub_sub.broken')) breakSubscriptions(state)
        messages.map(deepFrozen).forEach(send)
      }),

    subscribe: (on) =>
      process.call('pubSub.subscribe', () => {
        const subscribed = pubSub.subscribe(on)
        // What a process had asked for when it died holds no connection.
        if (process.silent && process.death.aborted) void subscribed.then((made) => made[Symbol.asyncDispose]())
        return subscribed
      }),
    [Symbol.asyncDispose]: () => pubSub[Symbol.asyncDispose](),
  }
}
