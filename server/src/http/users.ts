import { type JsonObject, limits, type User } from '@headwater/protocol'
import { Type } from 'typebox'
import { userOf } from '../access/principal.ts'
import type { Deletion } from '../activity/activity-api.ts'
import { HeadwaterError } from '../lib/error.ts'
import type { Clock } from '../lib/seams.ts'
import type { UserRecord, UserStore } from '../ports/user-store.ts'
import type { App } from './app.ts'
import { jsonDepth } from './json-body.ts'
import { requirePrincipal } from './principal.ts'
import { invalidField } from './problem.ts'
import { Exactly, Nullable, nameText, OwnFields, Time, UserId, UserRef } from './schemas.ts'

export interface UserRouteDependencies {
  readonly users: UserStore
  readonly deletion: Pick<Deletion, 'eraseUser'>
  readonly clock: Clock
}

const params = Exactly({ id: UserId })

const UserInput = Exactly({
  name: Type.String({
    minLength: 1,
    maxLength: limits.nameLength,
    pattern: nameText,
    'x-error': 'invalid_character',
  }),
  avatar_url: Type.Optional(
    Nullable(Type.String({ maxLength: limits.avatarUrlLength, pattern: '^https?://[^\\s"<>\\\\^`{|}]+$' })),
  ),
  locale: Type.Optional(
    Nullable(
      Type.String({
        maxLength: limits.localeLength,
        pattern: '^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$',
        description: 'A BCP 47 tag; summaries are in this language unless Accept-Language says otherwise.',
      }),
    ),
  ),
  properties: Type.Optional(OwnFields({ description: 'Yours to fill, up to 8 KiB and 8 levels of JSON.' })),
})

const UserAnswer = Type.Object({
  user: Type.Object(
    {
      ...UserRef.properties,
      locale: Nullable(Type.String()),
      properties: Type.Optional(Type.Object({}, { additionalProperties: true })),
      created_at: Time,
      updated_at: Time,
    },
    { title: 'User' },
  ),
})

export function addUserRoutes(app: App, { users, deletion, clock }: UserRouteDependencies): void {
  app.put(
    '/v1/users/:id',
    {
      config: { access: 'any' },
      // Before the body is read: whoever may not put this user need not hear what is wrong with it.
      onRequest: (request, _reply, done) => {
        const principal = requirePrincipal(request)
        done(
          principal.kind === 'user' && principal.user !== request.params.id
            ? new HeadwaterError('forbidden')
            : undefined,
        )
      },
      schema: {
        summary: 'Put a user',
        description: 'Names show at once in every later answer.',
        tags: ['Users'],
        params,
        body: UserInput,
        response: { 200: UserAnswer as object },
        problems: ['forbidden', 'store_unavailable'],
      },
    },
    async (request) => {
      const { id } = request.params
      const { name, avatar_url = null, locale = null, properties = {} } = request.body
      checkProperties(properties)
      const user = await users.put({ id, name, avatarUrl: avatar_url, locale, properties }, clock.now())
      return { user: shape(user, true) }
    },
  )

  app.get(
    '/v1/users/:id',
    {
      config: { access: 'any' },
      schema: {
        summary: 'Get a user',
        description: '`properties` are there only for the API key and for that user.',
        tags: ['Users'],
        params,
        response: { 200: UserAnswer as object },
        problems: ['not_found', 'store_unavailable'],
      },
    },
    async (request) => {
      const principal = requirePrincipal(request)
      const [user] = await users.get([request.params.id])
      if (!user) throw new HeadwaterError('not_found')
      return { user: shape(user, principal.kind === 'server' || userOf(principal) === user.id) }
    },
  )

  app.delete(
    '/v1/users/:id',
    {
      config: { access: 'server' },
      schema: {
        summary: 'Delete a user',
        description: 'Name and avatar vanish at once, memberships of groups within 24 hours.',
        tags: ['Users'],
        params,
        response: { 202: Type.Object({ accepted: Type.Boolean() }) as object },
        problems: ['forbidden', 'ingest_unavailable', 'store_unavailable'],
      },
    },
    async (request, reply) => {
      // One who was never put may still be in groups, so there is always something to accept.
      await deletion.eraseUser(request.params.id)
      return reply.code(202).send({ accepted: true })
    },
  )
}

/** Named one by one: what a store adds to its record never reaches a caller by itself. */
function shape(user: UserRecord, withProperties: boolean): User {
  const { id, name, avatarUrl, locale, properties, createdAt, updatedAt } = user
  const shown = { id, name, avatar_url: avatarUrl, locale }
  const times = { created_at: createdAt, updated_at: updatedAt }
  return withProperties ? { ...shown, properties, ...times } : { ...shown, ...times }
}

function checkProperties(properties: JsonObject): void {
  if (Buffer.byteLength(JSON.stringify(properties)) > limits.propertiesBytes) {
    throw invalidField('properties', 'too_long', '"properties" may have up to 8 KiB of JSON.')
  }
  if (jsonDepth(properties) > limits.metadataDepth) {
    throw invalidField('properties', 'too_deep', `"properties" may be nested ${limits.metadataDepth} levels deep.`)
  }
}
