import { createDeletion } from '../../src/activity/delete.ts'
import type { Clock, Random } from '../../src/lib/seams.ts'
import type { UserId } from '../../src/model/ids.ts'
import { pick } from './random-events.ts'
import type { Api } from './world.ts'

/** What users and the customer's server do beside events, at random and through the same functions as the API. */
export function createUserOperations(random: Random, { actors, objects }: { actors: number; objects: number }) {
  return { mark, deleteGroup, deleteObject, eraseActor, eraseUser }

  async function mark(api: Api, user: UserId): Promise<void> {
    const kind = random.next() < 0.5 ? 'read' : 'seen'
    const { groups, badge } = await firstPage(api, user)
    const chance = random.next()
    const chosen = groups.filter(() => random.next() < 0.3).map((group) => group.group_id)
    if (chance < 0.4) await api.readState.mark(user, kind, { all: true, upToSeq: null })
    else if (chance < 0.6) await api.readState.mark(user, kind, { all: true, upToSeq: pick(random, badge.upTo + 5) })
    else if (chosen.length > 0) await api.readState.mark(user, kind, { groupIds: chosen })
  }

  async function deleteGroup(api: Api, user: UserId): Promise<void> {
    const { groups } = await firstPage(api, user)
    const group = groups[pick(random, groups.length)]
    if (group) await api.readState.remove(user, group.group_id)
  }

  async function deleteObject(api: Api, clock: Clock): Promise<void> {
    const deletion = createDeletion(api.ports, clock, async () => {})
    await deletion.deleteObject('POST', `post-${pick(random, objects)}`)
  }

  /** As the sweep after an erasure does it. */
  async function eraseActor(api: Api): Promise<void> {
    const actor = `actor-${pick(random, actors)}`
    for (const { user, groupId } of await api.ports.members.groupsOfActor(actor, null, 100)) {
      await api.append({ kind: 'actor_erased', user, actor, groupId })
    }
  }

  async function eraseUser(api: Api, user: UserId): Promise<void> {
    await api.append({ kind: 'user_erased', user })
  }

  function firstPage(api: Api, user: UserId) {
    return api.reader.page(user, { after: null, limit: 20, types: null, locale: null })
  }
}
