import type { UserId } from '../../model/ids.ts'
import type { OfflineQueue, QueuedChange, QueuedChanges } from '../../ports/offline-queue.ts'
import type { RedisConnection } from './connection.ts'
import type { RedisFunctions } from './functions.ts'
import type { RedisLimits } from './settings.ts'

/** Keys looked at, at most, to tell how many changes wait; the rest is guessed from them. */
const scannedMax = 20_000

export function redisOfflineQueue(
  connection: RedisConnection,
  functions: RedisFunctions,
  { prefix, offlineTtlMs }: RedisLimits,
): OfflineQueue {
  const keyOf = (user: UserId) => `${prefix}:o:{${user}}`

  return {
    async push(pushes, max) {
      const keys = pushes.map(({ user }) => keyOf(user))
      const own = pushes.map((push) => packed(push, max))
      await functions.each('offline_push', keys, [String(max), String(offlineTtlMs)], own)
    },

    async read(user, after) {
      const [bounds, ...changes] = await connection.call<string[]>(['LRANGE', keyOf(user), '0', '-1'])
      const [from, to] = bounds?.split(' ').map(Number) ?? []
      if (from === undefined || to === undefined || after < from || after > to) return undefined
      return changes.map(unpacked).filter(({ seq }) => seq > after)
    },

    async drop(users) {
      if (users.length > 0) await connection.call(['UNLINK', ...users.map(keyOf)])
    },

    /** Exact for a small Redis; of a large one a part is counted and the whole estimated. */
    async entries() {
      const pattern = `${prefix.replaceAll(/[*?[\]\\]/g, '\\$&')}:o:*`
      let [cursor, scanned, changes] = ['0', 0, 0]
      do {
        const [next, keys] = await connection.call<[string, string[]]>([
          'SCAN',
          cursor,
          'MATCH',
          pattern,
          'COUNT',
          '1000',
        ])
        const lengths = await Promise.all(keys.map((key) => connection.call<number>(['LLEN', key])))
        for (const length of lengths) changes += Math.max(0, length - 1)
        cursor = next
        scanned += 1_000
      } while (cursor !== '0' && scanned < scannedMax)
      if (cursor === '0') return changes
      return Math.round(changes * Math.max(1, (await connection.call<number>(['DBSIZE'])) / scanned))
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
