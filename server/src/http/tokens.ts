import { limits } from '@headwater/protocol'
import { Type } from 'typebox'
import type { Access } from '../access/access.ts'
import { derivedUuidV7 } from '../lib/uuid.ts'
import type { App } from './app.ts'
import { requirePrincipal, requireUser } from './principal.ts'
import { invalidField } from './problem.ts'
import { DeviceId, Exactly, Time, UserId } from './schemas.ts'

const TokenInput = Exactly({
  user_id: UserId,
  ttl_s: Type.Integer({ minimum: 1, maximum: limits.tokenTtlS, default: limits.tokenTtlDefaultS }),
  device_id: Type.Optional(DeviceId),
})

const TokenId = Type.String({ minLength: 1, maxLength: 256 })

const RevokeInput = Exactly(
  { user_id: Type.Optional(UserId), token_id: Type.Optional(TokenId) },
  {
    'x-shown': Type.Union([
      Exactly({ user_id: UserId }, { title: 'RevokeUser' }),
      Exactly({ token_id: TokenId }, { title: 'RevokeToken' }),
    ]),
  },
)

export function addTokenRoutes(app: App, { access }: { readonly access: Access }): void {
  app.post(
    '/v1/tokens',
    {
      config: { access: 'server' },
      schema: {
        summary: 'Make a token for a user',
        description: 'A JWT (HS256) that you hand to one of your users. You may as well sign them yourself.',
        tags: ['Tokens'],
        body: TokenInput,
        response: {
          201: Type.Object({ token: Type.String(), token_id: Type.String(), expires_at: Time }) as object,
        },
        problems: ['forbidden', 'store_unavailable'],
      },
    },
    async (request, reply) => {
      const { user_id, ttl_s, device_id } = request.body
      const repeatable = request.idempotency
      const issued = await access.issue({
        userId: user_id,
        ttlS: ttl_s,
        deviceId: device_id ?? null,
        ...(repeatable && { tokenId: derivedUuidV7(repeatable.startedAt, repeatable.seed) }),
      })
      return reply.code(201).send(issued)
    },
  )

  app.post(
    '/v1/tokens/revoke',
    {
      config: { access: 'server' },
      schema: {
        summary: 'Revoke tokens',
        description:
          'Tokens of the user that were issued up to now, or one token, are refused from then on; open sockets close within 5 s.',
        tags: ['Tokens'],
        body: RevokeInput,
        response: { 204: Type.Null() as object },
        problems: ['forbidden', 'store_unavailable'],
      },
    },
    async (request, reply) => {
      await access.revoke(revoked(request.body))
      return reply.code(204).send()
    },
  )

  app.post(
    '/v1/stream-tickets',
    {
      config: { access: 'any' },
      schema: {
        summary: 'Get a ticket for an event stream',
        description: "For a browser's EventSource, which sends no header: `?ticket=`, once, within 30 s.",
        tags: ['Streams'],
        response: { 201: Type.Object({ ticket: Type.String(), expires_at: Time }) as object },
        problems: ['user_required'],
      },
    },
    async (request, reply) => {
      requireUser(request)
      const { ticket, expiresAt } = access.tickets.issue(requirePrincipal(request))
      return reply.code(201).send({ ticket, expires_at: expiresAt })
    },
  )
}

function revoked({ user_id, token_id }: { user_id?: string; token_id?: string }) {
  if (user_id !== undefined && token_id === undefined) return { userId: user_id }
  if (token_id !== undefined && user_id === undefined) return { tokenId: token_id }
  const code = user_id === undefined ? 'required' : 'invalid_value'
  throw invalidField('user_id', code, 'Name either "user_id" or "token_id".')
}
