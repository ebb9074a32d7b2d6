import assert from 'node:assert/strict'
import type {
  ActivityGroup,
  ActivityPage,
  EventInput,
  EventsAccepted,
  GroupActor,
  MarkResult,
} from '@headwater/protocol'
import type { TestServer } from '../../../src/testing.ts'

/** The calls that nearly every journey makes, each with the status that it expects. */

export const like = (actor: string, target: string, object: string, more: Partial<EventInput> = {}): EventInput => ({
  event_type: 'LIKE',
  actor_id: actor,
  target_user_id: target,
  object_type: 'POST',
  object_id: object,
  ...more,
})

export const unlike = (actor: string, target: string, object: string, more: Partial<EventInput> = {}): EventInput =>
  like(actor, target, object, { op: 'UNDO', ...more })

/** Sends events in batches of a thousand and waits until they are folded and told. Gives their ids. */
export async function send(server: TestServer, ...events: readonly EventInput[]): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < events.length; i += 1_000) ids.push(...(await accept(server, events.slice(i, i + 1_000))))
  await server.settle()
  return ids
}

/** One batch, all of which must be accepted; it is not folded yet when this resolves. */
export async function accept(server: TestServer, events: readonly EventInput[]): Promise<string[]> {
  const answer = await server.request('POST', '/v1/events', { body: { events } })
  assert.equal(answer.status, 202, JSON.stringify(answer.body))
  const { accepted, event_ids } = answer.body as EventsAccepted
  assert.equal(accepted, events.length, JSON.stringify(answer.body))
  return event_ids as string[]
}

export async function page(server: TestServer, user: string, query = ''): Promise<ActivityPage> {
  const answer = await server.request('GET', `/v1/activities${query}`, { user })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body
}

/** All groups that a user can reach by paging, in the order of the list. */
export async function walk(
  server: TestServer,
  user: string,
  { limit = 100, filter = '' }: { readonly limit?: number; readonly filter?: string } = {},
): Promise<ActivityGroup[]> {
  const groups: ActivityGroup[] = []
  let cursor: string | null = null
  do {
    const next: string = cursor === null ? '' : `&cursor=${cursor}`
    const { activity_groups, next_cursor }: ActivityPage = await page(
      server,
      user,
      `?limit=${limit}${filter && `&filter=${filter}`}${next}`,
    )
    groups.push(...activity_groups)
    cursor = next_cursor
  } while (cursor !== null)
  return groups
}

export async function mark(
  server: TestServer,
  user: string,
  kind: 'read' | 'seen',
  body: { readonly group_ids: readonly string[] } | { readonly all: true; readonly up_to_seq?: number },
): Promise<MarkResult> {
  const answer = await server.request('POST', `/v1/activities/${kind}`, { user, body })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body
}

/** One group as `GET /v1/activities/{group_id}` shows it. */
export async function group(server: TestServer, user: string, groupId: string): Promise<ActivityGroup> {
  const answer = await server.request('GET', `/v1/activities/${groupId}`, { user })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body.activity_group
}

/** Everybody in a group, by paging. */
export async function allActors(server: TestServer, user: string, groupId: string, limit = 100): Promise<GroupActor[]> {
  const actors: GroupActor[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = `?limit=${limit}${cursor && `&cursor=${cursor}`}`
    const { status, body } = await server.request('GET', `/v1/activities/${groupId}/actors${query}`, { user })
    assert.equal(status, 200, JSON.stringify(body))
    actors.push(...body.actors)
    cursor = body.next_cursor
  }
  return actors
}
