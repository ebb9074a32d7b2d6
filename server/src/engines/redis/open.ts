import { HeadwaterError } from '../../lib/error.ts'
import type { Seams } from '../../lib/seams.ts'
import type { Ports } from '../../ports/ports.ts'
import { RedisConnection } from './connection.ts'
import { RedisFunctions } from './functions.ts'
import { redisInterest } from './interest.ts'
import { redisOfflineQueue } from './offline-queue.ts'
import { RedisPubSub } from './pub-sub.ts'
import { redisSessionRegistry } from './session-registry.ts'
import { type RedisSettings, withDefaults } from './settings.ts'
import { redisTraceStore } from './trace-store.ts'
import { redisUnreadSets } from './unread-sets.ts'
import { redisUsedTickets } from './used-tickets.ts'

export type RedisPorts = Pick<Ports, 'sessions' | 'pubSub' | 'unread' | 'offline' | 'traces' | 'usedTickets'>

export interface RedisEngine extends AsyncDisposable {
  readonly ports: RedisPorts
  /** What is wrong, by part; empty when all is well. */
  check(): Promise<Readonly<Record<string, string>>>
}

/**
 * What may be lost at any time, in Redis 7 or later: each key has a time to live, and all of it can be made again from the
 * stores. So a Redis that is away does not keep a server from starting: the ports fail until it is there.
 *
 * One node (or one with replicas behind a single address). Keys of a user carry the user as hash tag and no function needs
 * keys of two users together, but calls are batched over users: a Redis Cluster would need them split by slot.
 */
export async function openRedis(settings: RedisSettings, seams: Seams): Promise<RedisEngine> {
  const limits = withDefaults(settings)
  await using opened = new AsyncDisposableStack()
  const connect = (name: string) => connectRedis(settings, seams, name)
  const commands = opened.use(await connect('commands'))
  const functions = new RedisFunctions(commands)
  await checkServer(commands, functions)
  const interest = redisInterest(commands, functions, limits)
  const pubSub = opened.use(
    new RedisPubSub({ commands, interest, limits, seams, openSubscriber: () => connect('subscriber') }),
  )
  const parts = opened.move()
  return {
    ports: {
      sessions: redisSessionRegistry(functions, limits.prefix),
      pubSub,
      unread: redisUnreadSets(commands, functions, limits),
      offline: redisOfflineQueue(commands, functions, limits, seams.clock),
      traces: redisTraceStore(commands, functions, limits),
      usedTickets: redisUsedTickets(commands, limits),
    },
    async check() {
      try {
        await commands.call(['PING'])
        return {}
      } catch {
        return { cache: 'Redis does not answer' }
      }
    },
    [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
  }
}

/** What can never work is said at the start; a Redis that is busy or away gets the functions when they are needed. */
async function checkServer(commands: RedisConnection, functions: RedisFunctions): Promise<void> {
  try {
    const info = await commands.call<string>(['INFO', 'cluster'])
    if (/^cluster_enabled:1/m.test(info)) throw new Error('A Redis Cluster is not supported: name a single Redis')
    await functions.load()
  } catch (error) {
    if (!HeadwaterError.is(error)) throw error
    const cause = error.cause instanceof Error ? error.cause.message : ''
    if (/WRONGPASS|NOAUTH/.test(cause)) throw new Error(`Redis lets nobody in with this user and password: ${cause}`)
    if (!/unknown command|NOPERM/i.test(cause)) return
    throw new Error(`Redis 7 or later, and the right to load functions, are needed: ${cause}`, { cause: error })
  }
}

/** A connection of its own; Redis lists it under the prefix and this name. */
export async function connectRedis(settings: RedisSettings, seams: Seams, name: string): Promise<RedisConnection> {
  const limits = withDefaults(settings)
  const driver = await import('@redis/client')
  const connection = new RedisConnection(driver, settings, limits, seams, `${limits.prefix}-${name}`)
  await connection.start()
  return connection
}
