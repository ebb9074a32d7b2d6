import type { UserId } from '../../model/ids.ts'
import type { RedisConnection } from './connection.ts'
import type { RedisFunctions } from './functions.ts'
import type { RedisLimits } from './settings.ts'

/** Which nodes have sockets of a user, as every publisher asks it. */
export interface Interest {
  add(users: readonly UserId[], node: string): Promise<void>
  remove(users: readonly UserId[], node: string): Promise<void>
  /** The nodes of each user. Asked anew each time: an answer of a moment ago may lack a node that was added since. */
  nodesOf(users: readonly UserId[]): Promise<readonly (readonly string[])[]>
}

/** Keys in one MGET, which takes Redis about a quarter of a millisecond. */
const lookupMax = 1_000
/** Users that are added one batch after the other, so that a refresh of all holds nobody up. */
const addedMax = 1_024

export function redisInterest(
  connection: RedisConnection,
  functions: RedisFunctions,
  { prefix, interestTtlMs }: RedisLimits,
): Interest {
  const keyOf = (user: UserId) => `${prefix}:i:{${user}}`

  async function inBatches(name: string, users: readonly UserId[], args: readonly string[]): Promise<void> {
    for (let from = 0; from < users.length; from += addedMax) {
      await functions.each(name, users.slice(from, from + addedMax).map(keyOf), args, [])
    }
  }

  return {
    add: (users, node) => inBatches('interest_add', users, [node, String(interestTtlMs)]),
    remove: (users, node) => inBatches('interest_remove', users, [node]),

    async nodesOf(users) {
      const lookups: Promise<(string | null)[]>[] = []
      for (let from = 0; from < users.length; from += lookupMax) {
        lookups.push(connection.call(['MGET', ...users.slice(from, from + lookupMax).map(keyOf)]))
      }
      return (await Promise.all(lookups)).flat().map(nodesIn)
    },
  }
}

const nobody: readonly string[] = []

/** `node until node until …` */
function nodesIn(text: string | null): readonly string[] {
  if (text === null) return nobody
  const parts = text.split(' ')
  return parts.length === 2 ? [parts[0] as string] : parts.filter((_, i) => i % 2 === 0)
}
