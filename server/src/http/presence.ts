import { limits } from '@headwater/protocol'
import { Type } from 'typebox'
import type { Clock } from '../lib/seams.ts'
import type { SessionRegistry } from '../ports/session-registry.ts'
import type { App } from './app.ts'
import { DeviceId, Exactly, UserId } from './schemas.ts'

const Online = Type.Object(
  { user_id: UserId, devices: Type.Array(DeviceId, { description: 'Those that named themselves, each once.' }) },
  { title: 'Online' },
)

export function addPresenceRoutes(
  app: App,
  { sessions, clock }: { readonly sessions: Pick<SessionRegistry, 'find'>; readonly clock: Clock },
): void {
  app.post(
    '/v1/presence',
    {
      config: { access: 'server' },
      schema: {
        summary: 'Ask who is online',
        description: 'Users with at least one open socket or stream, on any server.',
        tags: ['Streams'],
        body: Exactly({ user_ids: Type.Array(UserId, { minItems: 1, maxItems: limits.idsPerPresence }) }),
        response: { 200: Type.Object({ online: Type.Array(Online) }) as object },
        problems: ['forbidden', 'store_unavailable'],
      },
    },
    async (request) => {
      const users = [...new Set(request.body.user_ids)]
      const found = await sessions.find(users, clock.now())
      const online = users.flatMap((user_id, i) => {
        const own = found[i] ?? []
        const devices = new Set(own.flatMap(({ device }) => (device === null ? [] : [device])))
        return own.length > 0 ? [{ user_id, devices: [...devices] }] : []
      })
      return { online }
    },
  )
}
