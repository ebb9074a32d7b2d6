import type { IncomingMessage } from 'node:http'
import { type ActivityPage, type EventType, eventTypes, limits } from '@headwater/protocol'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import type { ActivityReader, GroupPage, ReadState, RenderPage } from '../activity/activity-api.ts'
import { HeadwaterError } from '../lib/error.ts'
import type { Clock } from '../lib/seams.ts'
import { createdAtOf, isGroupId } from '../model/group-id.ts'
import type { GroupId } from '../model/ids.ts'
import type { WishedLanguage } from '../model/wished-language.ts'
import type { MemberPosition } from '../ports/member-store.ts'
import type { BadgeCounts } from '../ports/unread-sets.ts'
import type { App } from './app.ts'
import type { Cursors } from './cursor.ts'
import { nextCursorOf, pageOf } from './page.ts'
import { requireUser } from './principal.ts'
import { invalidField } from './problem.ts'
import { createQuickPages } from './quick-pages.ts'
import {
  ActivityGroup,
  Cursor,
  countFields,
  Exactly,
  GroupActor,
  Limit,
  NextCursor,
  positionFields,
} from './schemas.ts'
import { jsonType } from './security-headers.ts'

export interface ActivityRouteDependencies {
  readonly reader: ActivityReader
  readonly readState: Pick<ReadState, 'remove'>
  readonly wishedLanguage: WishedLanguage
  readonly cursors: Cursors
  readonly clock: Clock
  /** Groups created before this long ago are no longer listed. */
  readonly retentionMs: number
}

const tags = ['Activities']
/** Any text: what is no id of a group is not found, however it looks. */
const params = Exactly({ group_id: Type.String() })
const filterSchema = Type.String({
  description: `Up to ${limits.filterTypes} event types, separated by commas.`,
  examples: ['LIKE,COMMENT'],
  maxLength: 256,
})

export function addActivityRoutes(app: App, dependencies: ActivityRouteDependencies): void {
  const { reader, readState, wishedLanguage, cursors } = dependencies
  const shownPage = (page: GroupPage, nextCursor: string | null): ActivityPage => ({
    activity_groups: page.groups,
    ...countsOf(page.badge),
    filtered_unread_count: page.filteredUnread,
    ...positionOf(reader, page.badge),
    next_cursor: nextCursor,
  })
  /** Cursors belong to the user, whoever asks for them. */
  const renderFirst: RenderPage = (user, page) =>
    Buffer.from(JSON.stringify(shownPage(page, nextCursorOf(cursors, 'activities', user, page.next))))

  const failures = new WeakMap<IncomingMessage, { readonly error: unknown }>()
  app.quickly.use(
    createQuickPages({
      ...app.quickly,
      reader,
      render: renderFirst,
      wishedLanguage,
      onFailed: (request, error) => failures.set(request, { error }),
      onAnswered: (status, elapsedMs) => app.quickly.answered('GET', '/v1/activities', status, elapsedMs),
    }),
  )
  app.get(
    '/v1/activities',
    {
      config: { access: 'any' },
      schema: {
        summary: 'List activity groups',
        description: 'Newest group first.',
        tags,
        querystring: Exactly({
          cursor: Type.Optional(Cursor),
          limit: Limit,
          filter: Type.Optional(filterSchema),
        }),
        response: {
          200: Type.Object({
            activity_groups: Type.Array(ActivityGroup),
            ...countFields,
            filtered_unread_count: Type.Integer({ description: 'Unread groups among the types asked for.' }),
            ...positionFields,
            next_cursor: NextCursor,
          }) as object,
        },
        problems: ['user_required', 'bad_cursor', 'cursor_expired', 'store_unavailable'],
      },
    },
    async (request, reply): Promise<ActivityPage | FastifyReply> => {
      const failure = failures.get(request.raw)
      if (failure) throw failure.error
      const user = requireUser(request)
      const { limit } = request.query
      const locale = wishedLanguage(request.headers['accept-language'])
      const types = filteredTypes(request.query.filter)
      if (types === null && request.query.cursor === undefined) {
        const bytes = await reader.firstPage(user, { limit, locale }, renderFirst)
        return reply.header('content-type', jsonType).send(bytes)
      }
      const page = pageOf<GroupId>(request, cursors, 'activities', types?.join(',') ?? '')
      refuseExpired(page.after, dependencies)
      const found = await reader.page(user, { after: page.after, limit, types, locale })
      return shownPage(found, page.nextCursor(found.next))
    },
  )

  app.get(
    '/v1/activities/:group_id',
    {
      config: { access: 'any' },
      schema: {
        summary: 'Get an activity group',
        tags,
        params,
        response: { 200: Type.Object({ activity_group: ActivityGroup, ...countFields, ...positionFields }) as object },
        problems: ['user_required', 'not_found', 'store_unavailable'],
      },
    },
    async (request) => {
      const user = requireUser(request)
      const locale = wishedLanguage(request.headers['accept-language'])
      const found = await reader.group(user, knownForm(request.params.group_id), locale)
      if (!found) throw new HeadwaterError('not_found')
      return { activity_group: found.group, ...countsOf(found.badge), ...positionOf(reader, found.badge) }
    },
  )

  app.get(
    '/v1/activities/:group_id/actors',
    {
      config: { access: 'any' },
      schema: {
        summary: 'List the actors of a group',
        description: 'Newest first, every actor once.',
        tags,
        params,
        querystring: Exactly({ cursor: Type.Optional(Cursor), limit: Limit }),
        response: { 200: Type.Object({ actors: Type.Array(GroupActor), next_cursor: NextCursor }) as object },
        problems: ['user_required', 'not_found', 'bad_cursor', 'store_unavailable'],
      },
    },
    async (request) => {
      const user = requireUser(request)
      const groupId = knownForm(request.params.group_id)
      const page = pageOf<MemberPosition>(request, cursors, `actors/${groupId}`)
      const found = await reader.actors(user, groupId, page.after, request.query.limit)
      if (!found) throw new HeadwaterError('not_found')
      return { actors: found.actors, next_cursor: page.nextCursor(found.next) }
    },
  )

  app.delete(
    '/v1/activities/:group_id',
    {
      config: { access: 'any' },
      schema: {
        summary: 'Delete an activity group',
        description: 'For its user alone. A later event opens a new group.',
        tags,
        params,
        response: { 204: Type.Null() as object },
        problems: ['user_required', 'not_found', 'store_unavailable'],
      },
    },
    async (request, reply) => {
      const user = requireUser(request)
      const removed = await readState.remove(user, knownForm(request.params.group_id))
      if (!removed) throw new HeadwaterError('not_found')
      return reply.code(204).send()
    },
  )
}

const countsOf = ({ unread, unseen }: BadgeCounts) => ({ unread_count: unread, unseen_count: unseen })

const positionOf = ({ epoch }: ActivityReader, { upTo }: BadgeCounts) => ({ epoch, seq: upTo })

/** What is no id of a group is answered as a group that does not exist. */
function knownForm(text: string): GroupId {
  if (!isGroupId(text)) throw new HeadwaterError('not_found')
  return text
}

/** Sorted and each once, so that a cursor is good for every spelling of the same filter. */
function filteredTypes(filter: string | undefined): readonly EventType[] | null {
  if (filter === undefined) return null
  const names = filter.split(',')
  if (names.length > limits.filterTypes) {
    throw invalidField('filter', 'too_long', `"filter" may name up to ${limits.filterTypes} types.`)
  }
  const unknown = names.find((name) => !eventTypes.some((type) => type === name))
  if (unknown !== undefined) {
    throw invalidField('filter', 'unknown_event_type', `"filter" takes ${eventTypes.join(', ')}.`)
  }
  return eventTypes.filter((type) => names.includes(type))
}

function refuseExpired(after: GroupId | null, { clock, retentionMs }: ActivityRouteDependencies): void {
  if (after !== null && createdAtOf(after) < clock.now() - retentionMs) throw new HeadwaterError('cursor_expired')
}
