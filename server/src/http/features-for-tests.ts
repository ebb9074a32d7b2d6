import type { ActivityGroup } from '@headwater/protocol'
import type { ActivityReader, Deletion, MarkRequest, PageQuery, ReadState } from '../activity/activity-api.ts'
import { HeadwaterError } from '../lib/error.ts'
import { createMetrics } from '../lib/metrics.ts'
import { groupIdOf } from '../model/group-id.ts'
import type { UserId } from '../model/ids.ts'
import { createWishedLanguage } from '../model/wished-language.ts'
import type { SessionRegistry } from '../ports/session-registry.ts'
import type { BadgeCounts } from '../ports/unread-sets.ts'
import type { UserRecord, UserStore } from '../ports/user-store.ts'
import { addActivityRoutes } from './activities.ts'
import type { App } from './app.ts'
import type { TestApp } from './app-for-tests.ts'
import { createCursors } from './cursor.ts'
import { addDemoRoutes } from './demo.ts'
import { addDocumentRoutes } from './documents.ts'
import { addEventRoutes } from './events.ts'
import { addMarkRoutes } from './marks.ts'
import { addObjectRoutes } from './objects.ts'
import { addOperationRoutes } from './operations.ts'
import { addPresenceRoutes } from './presence.ts'
import { addStreamRoute } from './stream.ts'
import { addTokenRoutes } from './tokens.ts'
import { addUserRoutes } from './users.ts'

/** Stand-ins that remember what they were asked. Alice has groups, everybody else has none. */
export function testFeatures(now: number) {
  const calls: unknown[] = []
  const groups = Array.from({ length: 5 }, (_, i) => groupOf('alice', now - i * 60_000, i))
  const groupsOf = (user: UserId) => (user === 'alice' ? groups : [])
  const badgeOf = (user: UserId): BadgeCounts => ({
    upTo: groupsOf(user).length,
    unread: groupsOf(user).length,
    unseen: 2,
    unreadByType: {},
  })

  const reader: ActivityReader = {
    epoch: 'e0',
    async page(user, query: PageQuery) {
      calls.push(['page', user, query])
      const listed = groupsOf(user).filter(({ group_id }) => query.after === null || group_id > query.after)
      const page = listed.slice(0, query.limit)
      const next = listed.length > page.length ? (page.at(-1)?.group_id ?? null) : null
      return { groups: page, badge: badgeOf(user), filteredUnread: 1, next }
    },
    keptPage: () => undefined,
    async firstPage(user, query, render) {
      return render(user, await reader.page(user, { ...query, after: null, types: null }))
    },
    async group(user, groupId, locale) {
      calls.push(['group', user, groupId, locale])
      const group = groupsOf(user).find(({ group_id }) => group_id === groupId)
      return group && { group, badge: badgeOf(user) }
    },
    async actors(user, groupId, after, limit) {
      calls.push(['actors', user, groupId, after, limit])
      if (!groupsOf(user).some(({ group_id }) => group_id === groupId)) return undefined
      const actors = [{ id: 'mia', name: 'Mia', avatar_url: null, acted_at: now }]
      return { actors: after ? [] : actors, next: after ? null : { createdAt: now, eventId: 'e', actor: 'mia' } }
    },
    badge: async (user) => badgeOf(user),
  }

  const readState: ReadState = {
    async mark(user, mark, scope: MarkRequest) {
      calls.push(['mark', user, mark, scope])
      const unknown = 'groupIds' in scope ? scope.groupIds.filter((id) => !groups.some((g) => g.group_id === id)) : []
      if ('groupIds' in scope && (user !== 'alice' || unknown.length === scope.groupIds.length)) {
        throw new HeadwaterError('not_found')
      }
      return { updated_unread_count: 3, unseen_count: 0, seq: 6, not_found: unknown }
    },
    async remove(user, groupId) {
      calls.push(['remove', user, groupId])
      return groupsOf(user).some(({ group_id }) => group_id === groupId)
    },
  }

  const deletion: Deletion = {
    async deleteObject(objectType, objectId) {
      calls.push(['deleteObject', objectType, objectId])
    },
    async eraseUser(user) {
      calls.push(['eraseUser', user])
      return users.erase(user, now, [])
    },
  }

  const users = memoryUsers()
  const sessions: SessionRegistry = {
    put: async () => {},
    remove: async () => {},
    find: async (asked) =>
      asked.map((user) =>
        user === 'alice'
          ? ['phone-1', 'phone-1', null].map((device, i) => ({ user, sessionId: `s${i}`, node: 'n', device }))
          : [],
      ),
    [Symbol.asyncDispose]: async () => {},
  }
  const wishedLanguage = createWishedLanguage(['en', 'de', 'fr', 'ja', 'zh'])
  return { calls, groups, reader, readState, deletion, users, sessions, wishedLanguage }
}

export type TestFeatures = ReturnType<typeof testFeatures>

/** Every route of this folder. The stream checks its credentials itself, so here it only says that it was asked. */
export function addAllRoutes(
  app: App,
  features: TestFeatures,
  { access, seams }: Pick<TestApp, 'access' | 'seams'>,
): void {
  const { clock } = seams
  const cursors = createCursors(['cursor-secret'])
  addActivityRoutes(app, { ...features, cursors, clock, retentionMs: 90 * 86_400_000 })
  addMarkRoutes(app, features)
  addObjectRoutes(app, features)
  addPresenceRoutes(app, { ...features, clock })
  addTokenRoutes(app, { access })
  addUserRoutes(app, { ...features, clock })
  addOperationRoutes(app, {
    metrics: createMetrics(),
    readiness: async () => ({ ready: true, parts: { log: 'ok' } }),
    boundToLoopback: false,
  })
  addDocumentRoutes(app, { version: '0.0.0' })
  addEventRoutes(app, {
    ingest: {
      checkRoom: () => {},
      submitItems: async () => ({ accepted: 1, rejected: [], event_ids: ['e1'], errors: [] }),
      trace: async () => undefined,
    },
  })
  addStreamRoute(app, { handleStream: async (_request, reply) => void reply.end('stream') })
  addDemoRoutes(app, { access, users: features.users, submit: async () => ({}) })
}

function groupOf(user: UserId, createdAt: number, i: number): ActivityGroup {
  const key = { eventType: 'LIKE', verb: '', objectType: 'POST', objectId: `p${i}` } as const
  return {
    group_id: groupIdOf(user, key, createdAt, i + 1),
    event_type: key.eventType,
    verb: key.verb,
    object_type: key.objectType,
    object_id: key.objectId,
    actor_count: 1,
    actor_count_is_estimate: false,
    new_actor_count: 1,
    event_count: 1,
    top_actors: [{ id: 'mia', name: 'Mia', avatar_url: null }],
    summary: 'Mia liked your post',
    latest_preview: null,
    metadata: {},
    is_read: false,
    is_seen: false,
    is_closed: false,
    group_created_at: createdAt,
    updated_at: createdAt,
    seq: i + 1,
    unread_seq: i + 1,
  }
}

function memoryUsers(): UserStore {
  const records = new Map<UserId, UserRecord>()
  return {
    async put(user, now) {
      const record = { ...user, createdAt: records.get(user.id)?.createdAt ?? now, updatedAt: now }
      records.set(user.id, record)
      return record
    },
    get: async (ids) => ids.map((id) => records.get(id)),
    erase: async (id) => records.delete(id),
    erasures: async () => [],
    sweepDone: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}
