import assert from 'node:assert/strict'
import type { ActivitiesState, ActorsPage } from '@headwater/client'
import type { ActivityGroup, ActivityPage } from '@headwater/protocol'
import type { UserId } from '../../src/model/ids.ts'
import type { LogRecord } from '../../src/model/log-record.ts'
import { actorsOf, metadataOf, type PlainGroup, type PlainUser } from '../model/plain-fold.ts'
import type { Done } from './client-host.ts'
import type { Customer } from './customer.ts'

/** What differs between a client's state and the truth; null when it is right. */
export function compareState(plain: PlainUser, state: ActivitiesState): string | null {
  const { connection, status, hasMore, unreadCount, unseenCount, groups } = state
  if (connection !== 'online') return `is ${connection}: ${state.error?.message}`
  if (status !== 'ready' || hasMore)
    return `is ${status}, with ${hasMore ? 'more' : 'no more'} to load: ${state.error?.stack}`
  const expected = plain.visible()
  const counts = `${unreadCount} unread, ${unseenCount} unseen`
  const right = `${plain.unread()} unread, ${plain.unseen()} unseen`
  const found = groups.map(lineOf)
  const lines = expected.map((group) => plainLine(plain, group))
  for (let i = 0; i < Math.max(found.length, lines.length); i++) {
    if (found[i] !== lines[i]) return `shows at ${i}\n  ${found[i]}\n  and should show\n  ${lines[i]}`
  }
  return counts === right ? null : `shows ${counts}, and should show ${right}`
}

/** The list and the members, page by page, as the routes give them now. */
export async function compareRoutes(customer: Customer, user: UserId, plain: PlainUser): Promise<void> {
  const groups: ActivityGroup[] = []
  let query = '?limit=7'
  for (;;) {
    const page = await customer.read<ActivityPage>(user, `/v1/activities${query}`)
    assert.deepEqual(
      { unread: page.unread_count, unseen: page.unseen_count, seq: page.seq },
      { unread: plain.unread(), unseen: plain.unseen(), seq: plain.head },
      `counts of ${user}`,
    )
    groups.push(...page.activity_groups)
    if (page.next_cursor === null) break
    query = `?limit=7&cursor=${encodeURIComponent(page.next_cursor)}`
  }
  const expected = plain.visible()
  assert.deepEqual(
    groups.map((group) => `${lineOf(group)} new ${group.new_actor_count}`),
    expected.map((group) => `${plainLine(plain, group)} new ${newActors(plain, group)}`),
    `the list of ${user}`,
  )
  // The members of all groups would cost more than everything else.
  for (const group of expected.slice(0, 3)) await compareActors(customer, user, group)
}

async function compareActors(customer: Customer, user: UserId, group: PlainGroup): Promise<void> {
  const actors: string[] = []
  let query = '?limit=3'
  for (;;) {
    const page = await customer.read<ActorsPage>(user, `/v1/activities/${group.groupId}/actors${query}`)
    actors.push(...page.actors.map(({ id }) => id))
    if (page.next_cursor === null) break
    query = `?limit=3&cursor=${encodeURIComponent(page.next_cursor)}`
  }
  const expected = actorsOf(group).map(({ actor }) => actor)
  assert.deepEqual(actors, expected, `the actors of ${group.groupId}`)
}

/** What users were told to be done is in the log. */
export function checkDone(done: readonly Done[], records: readonly LogRecord[]): void {
  const logged = new Set<string>()
  for (const { value } of records) {
    if (value.kind === 'group_deleted') logged.add(`${value.user} removed ${value.groupId}`)
    if (value.kind !== 'mark') continue
    for (const id of value.groupIds ?? ['all']) logged.add(`${value.user} ${value.mark} ${id}`)
  }
  for (const what of done) {
    const lines =
      what.kind === 'removed'
        ? [`${what.user} removed ${what.groupId}`]
        : (what.groupIds ?? ['all']).map((id) => `${what.user} ${what.mark} ${id}`)
    for (const line of lines) assert.ok(logged.has(line), `answered as done, and not in the log: ${line}`)
  }
}

function lineOf(group: ActivityGroup): string {
  const top = group.top_actors.map(({ id }) => id).join()
  const flags = `${group.is_read ? 'read' : 'unread'} ${group.is_seen ? 'seen' : 'unseen'}`
  const { group_id, seq, actor_count, event_count, metadata } = group
  return `${group_id} at ${seq}: ${actor_count} actors, ${event_count} events, ${top}, ${flags}, ${JSON.stringify(metadata)}`
}

function plainLine(plain: PlainUser, group: PlainGroup): string {
  const actors = actorsOf(group)
  const top = actors
    .slice(0, 3)
    .map(({ actor }) => actor)
    .join()
  const flags = `${group.unreadSeq <= plain.readUpTo(group) ? 'read' : 'unread'} ${group.unreadSeq <= plain.seenUpTo(group) ? 'seen' : 'unseen'}`
  const metadata = JSON.stringify(metadataOf(group))
  return `${group.groupId} at ${group.seq}: ${actors.length} actors, ${group.eventCount} events, ${top}, ${flags}, ${metadata}`
}

const newActors = (plain: PlainUser, group: PlainGroup): number =>
  actorsOf(group).filter((actor) => actor.firstSeq > plain.seenUpTo(group)).length
