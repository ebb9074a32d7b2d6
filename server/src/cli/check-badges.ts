import type { ActivityPage } from '@headwater/protocol'
import { type Expected, groupKey } from './expected.ts'
import { request, type Target } from './target.ts'

/** What a user's list and badge say, compared with the simulation's own count; the differences, as sentences. */
export async function checkUser(target: Target, expected: Expected, user: string): Promise<string[]> {
  const wanted = expected.groupsOf(user)
  const found = await listAll(target, user)
  return [
    ...(found.unread === wanted.size ? [] : [`${user}: unread_count is ${found.unread}, counted ${wanted.size}`]),
    ...groupDifferences(user, 'lists', wanted, found.groups),
  ]
}

/** Each group whose number of actors is not as counted. */
export function groupDifferences(
  user: string,
  verb: string,
  wanted: ReadonlyMap<string, number>,
  found: ReadonlyMap<string, number>,
): string[] {
  const names = new Set([...wanted.keys(), ...found.keys()])
  return [...names]
    .filter((name) => (wanted.get(name) ?? 0) !== (found.get(name) ?? 0))
    .map((name) => `${user}: ${name} ${verb} ${found.get(name) ?? 0} actors, counted ${wanted.get(name) ?? 0}`)
}

async function listAll(target: Target, user: string): Promise<{ unread: number; groups: Map<string, number> }> {
  const groups = new Map<string, number>()
  let cursor: string | null = null
  for (;;) {
    const query = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page: ActivityPage = await request(target, 'GET', `/v1/activities?limit=100${query}`, { user })
    for (const group of page.activity_groups) {
      const key = groupKey(group)
      groups.set(key, (groups.get(key) ?? 0) + group.actor_count)
    }
    if (page.next_cursor === null) return { unread: page.unread_count, groups }
    cursor = page.next_cursor
  }
}
