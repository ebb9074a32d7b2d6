import type { UsedTickets } from '../../ports/used-tickets.ts'
import type { RedisConnection } from './connection.ts'
import type { RedisLimits } from './settings.ts'

export function redisUsedTickets(connection: RedisConnection, { prefix }: RedisLimits): UsedTickets {
  return {
    async use(ticketId, ttlMs) {
      const key = `${prefix}:ticket:{${ticketId}}`
      return (await connection.call<string | null>(['SET', key, '1', 'NX', 'PX', String(ttlMs)])) !== null
    },
    async [Symbol.asyncDispose]() {},
  }
}
