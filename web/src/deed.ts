import type { ActivityGroup, HeadwaterClient } from '@headwater/client'
import type { DemoEvent } from './demo-api.ts'
import type { DemoPost } from './demo-posts.ts'

/** Something that anybody can do to the chosen user. */
export type Deed = Pick<DemoEvent, 'event_type' | 'object_type' | 'object_id' | 'preview'>

export const likeOf = ({ id, text }: DemoPost): Deed => about(id, 'LIKE', text)
export const shareOf = ({ id, text }: DemoPost): Deed => about(id, 'SHARE', text)
export const commentOn = ({ id }: DemoPost, text: string): Deed => about(id, 'COMMENT', text)
export const followOf = (userId: string): Deed => ({ event_type: 'FOLLOW', object_type: 'USER', object_id: userId })

/** Each mention is in a post of its own, and so is a group of its own. */
export const mentionOf = (userId: string, postId: string): Deed =>
  about(postId, 'MENTION', `Have you seen this, @${userId}?`)

function about(object_id: string, event_type: Deed['event_type'], preview: string): Deed {
  return { event_type, object_type: 'POST', object_id, preview }
}

/** The same for two deeds of which one takes the other back. */
export function deedKey(actorId: string, { event_type, object_id }: Pick<Deed, 'event_type' | 'object_id'>): string {
  return `${actorId} ${event_type} ${object_id}`
}

const lasting = ['LIKE', 'SHARE', 'FOLLOW']

/** What was done to the client's user and not taken back, as keys: in other tabs, or before this page was loaded. */
export async function standingDeeds(client: HeadwaterClient): Promise<ReadonlySet<string>> {
  const query = { filter: lasting, limit: 100 }
  const page = await client.request<{ activity_groups: ActivityGroup[] }>('GET', '/v1/activities', { query })
  const keys = page.activity_groups.map(async (group) => {
    const actors = await actorsOf(client, group)
    return actors.map(({ id }) => deedKey(id, group))
  })
  return new Set((await Promise.all(keys)).flat())
}

async function actorsOf({ activities }: HeadwaterClient, group: ActivityGroup) {
  if (group.actor_count <= group.top_actors.length) return group.top_actors
  return (await activities.actors(group.group_id, { limit: 100 })).actors
}
