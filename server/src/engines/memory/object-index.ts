import { objectText } from '../../model/event.ts'
import type { GroupId, UserId } from '../../model/ids.ts'
import type { ObjectIndex, ObjectRef } from '../../ports/object-index.ts'
import { insert, pageOf, remove } from './sorted.ts'

interface ObjectState {
  readonly object: ObjectRef
  deletedAt: number | undefined
  /** Users who have groups about it, sorted. */
  readonly targets: UserId[]
  readonly groups: Map<UserId, Set<GroupId>>
}

export type ObjectIndexState = Map<string, ObjectState>

export function memoryObjectIndex(state: ObjectIndexState): ObjectIndex {
  const find = (object: ObjectRef) => state.get(objectText(object.objectType, object.objectId))
  const findOrAdd = (object: ObjectRef): ObjectState => {
    const { objectType, objectId } = object
    const found = find(object) ?? {
      object: { objectType, objectId },
      deletedAt: undefined,
      targets: [],
      groups: new Map(),
    }
    state.set(objectText(objectType, objectId), found)
    return found
  }

  return {
    async put(entries) {
      for (const { object, user, groupId } of entries) {
        const { targets, groups } = findOrAdd(object)
        insert(targets, user)
        groups.set(user, (groups.get(user) ?? new Set()).add(groupId))
      }
    },

    async remove(entries) {
      for (const { object, user, groupId } of entries) {
        const found = find(object)
        const own = found?.groups.get(user)
        own?.delete(groupId)
        if (!found || own?.size !== 0) continue
        found.groups.delete(user)
        remove(found.targets, user)
      }
    },

    async groups(object, user) {
      return [...(find(object)?.groups.get(user) ?? [])]
    },

    async targets(object, after, limit) {
      return pageOf(find(object)?.targets ?? [], after, limit)
    },

    async putTombstone(object, deletedAt) {
      const found = findOrAdd(object)
      found.deletedAt = Math.max(found.deletedAt ?? deletedAt, deletedAt)
    },

    async tombstones(objects) {
      return objects.map((object) => find(object)?.deletedAt)
    },

    async newestTombstones(limit) {
      const found = [...state.values()].flatMap(({ object, deletedAt }) =>
        deletedAt === undefined ? [] : [{ object, deletedAt }],
      )
      return found.sort((a, b) => b.deletedAt - a.deletedAt).slice(0, limit)
    },

    async purgeTombstones(deletedBefore) {
      for (const found of state.values()) {
        if (found.deletedAt !== undefined && found.deletedAt < deletedBefore) found.deletedAt = undefined
      }
    },

    async [Symbol.asyncDispose]() {},
  }
}
