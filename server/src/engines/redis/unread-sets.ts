import type { EventType } from '@headwater/protocol'
import type { UserId } from '../../model/ids.ts'
import type { MarkChange } from '../../model/marks.ts'
import type { BadgeCounts, UnreadContent, UnreadFlush, UnreadSets } from '../../ports/unread-sets.ts'
import type { RedisConnection } from './connection.ts'
import type { RedisFunctions } from './functions.ts'
import type { RedisLimits } from './settings.ts'

/** `upTo`, unread, unseen, then each type with its number. */
type Counted = readonly [number, number, number, ...(string | number)[]] | null

/**
 * One hash per user, changed by one function. A set lives as long as its user asks for badges: what a worker tells of
 * somebody who is away does not keep it alive.
 */
export function redisUnreadSets(
  connection: RedisConnection,
  functions: RedisFunctions,
  { prefix, unreadTtlMs, unreadMaxGroups }: RedisLimits,
): UnreadSets {
  const keyOf = (user: UserId) => `${prefix}:u:{${user}}`
  const max = String(unreadMaxGroups)
  const ttl = String(unreadTtlMs)

  async function mark(user: UserId, changes: readonly MarkChange[], createdFrom: number) {
    const args = [String(createdFrom), max, ttl, JSON.stringify(changes.map(packedMark))]
    return countsOf(await functions.call<Counted>('unread_mark', [keyOf(user)], args))
  }

  return {
    mark,
    counts: (user, createdFrom) => mark(user, [], createdFrom),

    async apply(flushes, createdFrom) {
      const keys = flushes.map(({ user }) => keyOf(user))
      const answers = await functions.each<Counted>(
        'unread_apply',
        keys,
        [String(createdFrom), max],
        flushes.map(packedFlush),
      )
      return flushes.map((_, i) => countsOf(answers[i] ?? null))
    },

    async put(user, content) {
      const isLarge = content.rows.length + content.marks.size > unreadMaxGroups
      if (isLarge) await connection.call(['UNLINK', keyOf(user)])
      else await functions.call('unread_put', [keyOf(user)], [ttl, packedContent(content)])
    },

    async drop(users) {
      if (users.length > 0) await connection.call(['UNLINK', ...users.map(keyOf)])
    },

    async [Symbol.asyncDispose]() {},
  }
}

const packedMark = ({ groupId, mark, upTo }: MarkChange) => [groupId ?? '', mark, upTo]

const packedFlush = ({ from, to, groups, marks }: UnreadFlush): string =>
  JSON.stringify([
    from,
    to,
    groups.map(({ groupId, eventType, createdAt, unreadSeq, visible }) => [
      groupId,
      eventType,
      createdAt,
      unreadSeq,
      visible,
    ]),
    marks.map(packedMark),
  ])

const packedContent = ({ upTo, rows, all, marks }: UnreadContent): string =>
  JSON.stringify([
    upTo,
    all.read.upTo,
    all.seen.upTo,
    [...marks].map(([groupId, { read, seen, deleted }]) => [groupId, read.upTo, seen.upTo, deleted.upTo]),
    rows.map(({ groupId, eventType, createdAt, unreadSeq }) => [groupId, eventType, createdAt, unreadSeq]),
  ])

function countsOf(answer: Counted): BadgeCounts | undefined {
  if (answer === null) return undefined
  const [upTo, unread, unseen, ...types] = answer
  const unreadByType: Partial<Record<EventType, number>> = {}
  for (let i = 0; i + 1 < types.length; i += 2) unreadByType[types[i] as EventType] = types[i + 1] as number
  return { upTo, unread, unseen, unreadByType }
}
