import { createHash } from 'node:crypto'
import type { RedisConnection } from './connection.ts'
import { interestLua } from './interest-lua.ts'
import { offlineLua } from './offline-lua.ts'
import { sessionsLua } from './sessions-lua.ts'
import { tracesLua } from './traces-lua.ts'
import { unreadLua } from './unread-lua.ts'

/**
 * What must happen in one step runs inside Redis, as a library of functions. Its name holds a digest of its text, so that
 * servers of two versions may share one Redis while they are replaced. A Redis that lost the library (a restart, a
 * failover) says that it does not know the function; it has done nothing then, and gets the library again.
 */
const text = [interestLua, offlineLua, sessionsLua, tracesLua, unreadLua].join('\n')
const version = createHash('sha256').update(text).digest('hex').slice(0, 12)
const library = `#!lua name=headwater_${version}
local function whole(number) return string.format('%.0f', number) end
${text.replaceAll(/register\('(\w+)'/g, `redis.register_function('headwater_${version}_$1'`)}`

/** Keys in one call: a function holds up everybody else while it runs. */
const keysMax = 128

export class RedisFunctions {
  readonly #connection: RedisConnection
  #loading: Promise<unknown> | null = null

  constructor(connection: RedisConnection) {
    this.#connection = connection
  }

  /** Calls a function once. `shared` comes before what belongs to each key. */
  async call<Answer>(name: string, keys: readonly string[], args: readonly string[]): Promise<Answer> {
    const command = ['FCALL', `headwater_${version}_${name}`, String(keys.length), ...keys, ...args]
    try {
      return await this.#connection.call<Answer>(command)
    } catch (error) {
      if (!isUnknownFunction(error)) throw error
      await this.load()
      return this.#connection.call<Answer>(command)
    }
  }

  /**
   * Calls a function that goes through its keys in order, each with its own arguments behind the shared ones, in as few
   * calls as will do, all sent at once. Answers, where the function gives one for each key, come in the order of the keys.
   */
  async each<Answer>(
    name: string,
    keys: readonly string[],
    shared: readonly string[],
    own: readonly string[],
  ): Promise<readonly Answer[]> {
    if (keys.length === 0) return []
    const width = own.length / keys.length
    const calls: Promise<readonly Answer[]>[] = []
    for (let from = 0; from < keys.length; from += keysMax) {
      const some = keys.slice(from, from + keysMax)
      calls.push(this.call(name, some, [...shared, ...own.slice(from * width, (from + some.length) * width)]))
    }
    const answers = await Promise.all(calls)
    return answers.length === 1 ? (answers[0] ?? []) : answers.flatMap((some) => some ?? [])
  }

  load(): Promise<unknown> {
    this.#loading ??= this.#connection.call(['FUNCTION', 'LOAD', 'REPLACE', library]).finally(() => {
      this.#loading = null
    })
    return this.#loading
  }
}

const isUnknownFunction = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof Error && error.cause.message.includes('Function not found')
