import { type EventType, eventTypes, objectTypes } from '@headwater/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Access } from '../access/access.ts'
import { HeadwaterError } from '../lib/error.ts'
import type { UserStore } from '../ports/user-store.ts'
import type { App } from './app.ts'
import { isFromHere } from './from-here.ts'
import { invalidField } from './problem.ts'
import { Exactly, ObjectId, OneOf, Time, UserId, UserRef } from './schemas.ts'

/** Users that anybody who reaches a development server may be. */
export const demoUsers = [
  { id: 'carol', name: 'Carol' },
  { id: 'mia', name: 'Mia' },
  { id: 'ben', name: 'Ben' },
  { id: 'alice', name: 'Alice' },
  { id: 'bob', name: 'Bob' },
  { id: 'yuki', name: 'Yuki' },
] as const

export interface DemoRouteDependencies {
  readonly access: Pick<Access, 'issue'>
  readonly users: UserStore
  /** Takes one event in; the same as a single event on `POST /v1/events`. */
  readonly submit: (event: unknown) => Promise<unknown>
}

const tags = ['Demo']
const existence = 'Exists only while the server has its development key, and for requests that no proxy brings.'
const tokenTtlS = 12 * 60 * 60

/** Puts the demo users once; a name that was changed stays. */
export async function putDemoUsers(users: UserStore, now: number): Promise<void> {
  const found = await users.get(demoUsers.map(({ id }) => id))
  for (const [i, { id, name }] of demoUsers.entries()) {
    if (!found[i]) await users.put({ id, name, avatarUrl: null, locale: null, properties: {} }, now)
  }
}

/** What the page at `/` runs on. These routes exist only while the server has its development key. */
export function addDemoRoutes(app: App, { access, users, submit }: DemoRouteDependencies): void {
  app.get(
    '/v1/demo',
    {
      config: { access: 'public' },
      onRequest: hideFromElsewhere,
      schema: {
        summary: 'The demo users',
        description: existence,
        tags,
        response: { 200: Type.Object({ users: Type.Array(UserRef) }) as object },
      },
    },
    async () => {
      const found = await users.get(demoUsers.map(({ id }) => id))
      return {
        users: demoUsers.map(({ id, name }, i) => ({
          id,
          name: found[i]?.name ?? name,
          avatar_url: found[i]?.avatarUrl ?? null,
        })),
      }
    },
  )

  app.post(
    '/v1/demo/login',
    {
      config: { access: 'public' },
      onRequest: hideFromElsewhere,
      schema: {
        summary: 'A token for a demo user',
        description: existence,
        tags,
        body: Exactly({ user_id: UserId }),
        response: { 201: Type.Object({ token: Type.String(), token_id: Type.String(), expires_at: Time }) as object },
      },
    },
    async (request, reply) => {
      const userId = demoUser(request.body.user_id, 'user_id')
      return reply.code(201).send(await access.issue({ userId, ttlS: tokenTtlS, deviceId: null }))
    },
  )

  app.post(
    '/v1/demo/events',
    {
      config: { access: 'public' },
      onRequest: hideFromElsewhere,
      schema: {
        summary: 'One demo user does something to another',
        description: existence,
        tags,
        body: Exactly({
          event_type: OneOf(eventTypes.filter((type): type is Exclude<EventType, 'CUSTOM'> => type !== 'CUSTOM')),
          actor_id: UserId,
          target_user_id: UserId,
          object_type: OneOf(objectTypes),
          object_id: ObjectId,
          preview: Type.Optional(Type.String({ maxLength: 500 })),
          op: Type.Optional(OneOf(['ADD', 'UNDO'])),
        }),
        response: { 202: Type.Object({}) as object },
        problems: ['overloaded', 'ingest_unavailable'],
      },
    },
    async (request, reply) => {
      const { preview, ...event } = request.body
      demoUser(event.actor_id, 'actor_id')
      demoUser(event.target_user_id, 'target_user_id')
      return reply.code(202).send(await submit({ ...event, metadata: preview === undefined ? {} : { preview } }))
    },
  )
}

/** Whoever comes through a proxy could be anybody. */
function hideFromElsewhere(request: FastifyRequest, _reply: FastifyReply, done: () => void): void {
  if (!isFromHere(request.raw)) {
    throw new HeadwaterError('route_not_found', {
      detail: 'The demo is only for requests that are made on the machine of the server, past any proxy.',
    })
  }
  done()
}

function demoUser(id: string, path: string): string {
  if (demoUsers.some((user) => user.id === id)) return id
  throw invalidField(path, 'invalid_value', `Demo users are ${demoUsers.map((user) => user.id).join(', ')}.`)
}
