import type { Clock } from '../../lib/seams.ts'
import type { UserId } from '../../model/ids.ts'
import type { OfflineQueue, QueuedChange, QueuedChanges } from '../../ports/offline-queue.ts'
import type { RedisConnection } from './connection.ts'
import type { RedisFunctions } from './functions.ts'
import type { RedisLimits } from './settings.ts'

/** Spans that a time to live is divided into, to tell which lists have run out. */
const spans = 8

/**
 * A list per user. How many changes there are in all is counted by the span of time in which their list was last pushed
 * to, since nobody hears of a list that runs out; the number is for the metric alone and may be a little off.
 */
export function redisOfflineQueue(
  connection: RedisConnection,
  functions: RedisFunctions,
  { prefix, offlineTtlMs }: RedisLimits,
  clock: Clock,
): OfflineQueue {
  const keyOf = (user: UserId) => `${prefix}:o:{${user}}`
  const countsKey = `${prefix}:offline-counts`
  const spanNow = () => Math.floor(clock.now() / (offlineTtlMs / spans))

  async function count(pairs: readonly (string | number)[]): Promise<void> {
    const grown = new Map<string, number>()
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      const span = String(pairs[i])
      grown.set(span, (grown.get(span) ?? 0) + Number(pairs[i + 1]))
    }
    const changes = [...grown].flatMap(([span, by]) => (by === 0 ? [] : [span, String(by)]))
    if (changes.length > 0) await functions.call('offline_count', [countsKey], [String(2 * offlineTtlMs), ...changes])
  }

  return {
    async push(pushes, max) {
      const keys = pushes.map(({ user }) => keyOf(user))
      const own = pushes.map((push) => packed(push, max))
      const shared = [String(max), String(offlineTtlMs), String(spanNow())]
      await count(await functions.each<string | number>('offline_push', keys, shared, own))
    },

    async read(user, after) {
      const [bounds, ...changes] = await connection.call<string[]>(['LRANGE', keyOf(user), '0', '-1'])
      const [from, to] = bounds?.split(' ').map(Number) ?? []
      if (from === undefined || to === undefined || after < from || after > to) return undefined
      return changes.map(unpacked).filter(({ seq }) => seq > after)
    },

    async drop(users) {
      await count(await functions.each<string | number>('offline_drop', users.map(keyOf), [], []))
    },

    async entries() {
      const counts = Object.entries(await connection.call<Record<string, string>>(['HGETALL', countsKey]))
      const oldest = spanNow() - spans
      const past = counts.filter(([span]) => Number(span) < oldest).map(([span]) => span)
      if (past.length > 0) await connection.call(['HDEL', countsKey, ...past])
      const alive = counts.filter(([span]) => Number(span) >= oldest)
      return alive.reduce((sum, [, changes]) => sum + Math.max(0, Number(changes)), 0)
    },

    async [Symbol.asyncDispose]() {},
  }
}

/** Of a push that holds more than is kept only the end travels: complete from the last change that is left out. */
function packed({ from, to, changes }: QueuedChanges, max: number): string {
  const dropped = changes[changes.length - max - 1]
  const kept = changes.slice(-max).map(({ seq, groupId }) => (groupId === null ? `${seq}` : `${seq} ${groupId}`))
  return JSON.stringify([dropped?.seq ?? from, to, ...kept])
}

function unpacked(text: string): QueuedChange {
  const space = text.indexOf(' ')
  if (space === -1) return { seq: Number(text), groupId: null }
  return { seq: Number(text.slice(0, space)), groupId: text.slice(space + 1) }
}
