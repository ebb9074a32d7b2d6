import type { DeviceId, UserId } from '../../model/ids.ts'
import type { Session, SessionRegistry } from '../../ports/session-registry.ts'
import type { RedisFunctions } from './functions.ts'

type Entry = readonly [until: number, node: string, DeviceId | null]

export function redisSessionRegistry(functions: RedisFunctions, prefix: string): SessionRegistry {
  const keyOf = ({ user }: { readonly user: UserId }) => `${prefix}:s:{${user}}`

  return {
    async put(sessions, now, ttlMs) {
      const until = Math.ceil(now + ttlMs)
      const own = sessions.flatMap(({ sessionId, node, device }) => [
        sessionId,
        JSON.stringify([until, node, device] satisfies Entry),
      ])
      await functions.each('sessions_put', sessions.map(keyOf), [String(now), String(Math.ceil(ttlMs))], own)
    },

    async remove(sessions) {
      const ids = sessions.map(({ sessionId }) => sessionId)
      await functions.each('sessions_remove', sessions.map(keyOf), [], ids)
    },

    async find(users, now) {
      const found = await functions.each<readonly string[]>(
        'sessions_find',
        users.map((user) => keyOf({ user })),
        [],
        [],
      )
      return users.map((user, i) => alive(user, found[i] ?? [], now))
    },

    async [Symbol.asyncDispose]() {},
  }
}

function alive(user: UserId, fields: readonly string[], now: number): readonly Session[] {
  const sessions: Session[] = []
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [until, node, device] = JSON.parse(fields[i + 1] as string) as Entry
    if (until > now) sessions.push({ user, sessionId: fields[i] as string, node, device })
  }
  return sessions
}
