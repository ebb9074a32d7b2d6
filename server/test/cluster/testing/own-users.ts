import type { GroupRow } from '../../../src/model/activity-group.ts'
import type { UserId } from '../../../src/model/ids.ts'
import type { GroupStore } from '../../../src/ports/group-store.ts'
import type { MemberBatch, MemberStore } from '../../../src/ports/member-store.ts'
import type { ObjectEntry, ObjectIndex, ObjectRef } from '../../../src/ports/object-index.ts'
import type { Ports } from '../../../src/ports/ports.ts'
import type { ReadMarks } from '../../../src/ports/read-marks.ts'

/**
 * Many test servers share the tables of one keyspace, since making tables takes seconds. Each gives its users, actors and
 * objects names of its own: a prefix that goes on before a call and comes off its answer.
 */
export function ownUsers(
  { groups, members, objects, marks }: Pick<Ports, 'groups' | 'members' | 'objects' | 'marks'>,
  prefix: string,
): Pick<Ports, 'groups' | 'members' | 'objects' | 'marks'> {
  const on = (name: string): string => prefix + name
  const off = (name: string): string => name.slice(prefix.length)
  return {
    groups: ownGroups(groups, on, off),
    members: ownMembers(members, on, off),
    objects: ownObjects(objects, prefix, on, off),
    marks: ownMarks(marks, on),
  }
}

type Rename = (name: string) => string

const nothingToDo = async (): Promise<void> => {}

function ownGroups(store: GroupStore, on: Rename, off: Rename): GroupStore {
  const own = <T extends { readonly user: UserId }>(all: readonly T[]): T[] =>
    all.map((each) => ({ ...each, user: on(each.user) }))
  const renamed = (row: GroupRow, rename: Rename): GroupRow => ({
    ...row,
    user: rename(row.user),
    pending: row.pending.map((register) => ({ ...register, actor: rename(register.actor) })),
  })
  const back = (row: GroupRow): GroupRow => renamed(row, off)
  return {
    ordered: store.ordered,
    ...(store.blind === undefined ? {} : { blind: store.blind }),
    putGroups: (batches) =>
      store.putGroups(own(batches).map((batch) => ({ ...batch, rows: batch.rows.map((row) => renamed(row, on)) }))),
    putHeads: (heads) => store.putHeads(own(heads)),
    heads: (users) => store.heads(users.map(on)),
    get: async (ids) => (await store.get(own(ids))).map((row) => row && back(row)),
    ofKeys: async (asks) => (await store.ofKeys(own(asks))).map((rows) => rows.map(back)),
    list: async (user, query) => (await store.list(on(user), query)).map(back),
    async changesSince(user, after, limit) {
      const changes = await store.changesSince(on(user), after, limit)
      return 'gap' in changes ? changes : { rows: changes.rows.map(back) }
    },
    unread: (user, after, createdFrom) => store.unread(on(user), after, createdFrom),
    purge: (what) => store.purge('user' in what ? { user: on(what.user) } : what),
    [Symbol.asyncDispose]: nothingToDo,
  }
}

function ownMembers(store: MemberStore, on: Rename, off: Rename): MemberStore {
  const own = (batches: readonly MemberBatch[]) =>
    batches.map(({ user, groupId, registers }) => ({
      user: on(user),
      groupId,
      registers: registers.map((register) => ({ ...register, actor: on(register.actor) })),
    }))
  return {
    index: (batches) => store.index(own(batches)),
    put: (batches) => store.put(own(batches)),
    async registers(asks) {
      const own = asks.map(({ user, groupId, actors }) => ({ user: on(user), groupId, actors: actors.map(on) }))
      return (await store.registers(own)).map((found) =>
        found.map((register) => ({ ...register, actor: off(register.actor) })),
      )
    },
    async list(user, groupId, after, limit) {
      const behind = after && { ...after, actor: on(after.actor) }
      const found = await store.list(on(user), groupId, behind, limit)
      return found.map((register) => ({ ...register, actor: off(register.actor) }))
    },
    countFirst: (user, groupId, after, upTo) => store.countFirst(on(user), groupId, after, upTo),
    async groupsOfActor(actor, after, limit) {
      const found = await store.groupsOfActor(on(actor), after && { ...after, user: on(after.user) }, limit)
      return found.map(({ user, groupId }) => ({ user: off(user), groupId }))
    },
    erase: (what) =>
      store.erase(
        what.map((each) => ({
          ...each,
          user: on(each.user),
          ...(each.actor === undefined ? {} : { actor: on(each.actor) }),
        })),
      ),
    [Symbol.asyncDispose]: nothingToDo,
  }
}

/** Tombstones of other servers lie between those of one. */
const tombstonesOfOthers = 5_000

function ownObjects(store: ObjectIndex, prefix: string, on: Rename, off: Rename): ObjectIndex {
  const own = <T extends ObjectRef>(object: T): T => ({ ...object, objectId: on(object.objectId) })
  const ownEntry = ({ object, user, groupId }: ObjectEntry): ObjectEntry => ({
    object: own(object),
    user: on(user),
    groupId,
  })
  return {
    put: (entries) => store.put(entries.map(ownEntry)),
    remove: (entries) => store.remove(entries.map(ownEntry)),
    groups: (object, user) => store.groups(own(object), on(user)),
    targets: async (object, after, limit) =>
      (await store.targets(own(object), after === null ? null : on(after), limit)).map(off),
    putTombstone: (object, deletedAt) => store.putTombstone(own(object), deletedAt),
    tombstones: (refs) => store.tombstones(refs.map(own)),
    async newestTombstones(limit) {
      const found = await store.newestTombstones(limit + tombstonesOfOthers)
      return found
        .filter(({ object }) => object.objectId.startsWith(prefix))
        .map(({ object, deletedAt }) => ({ object: { ...object, objectId: off(object.objectId) }, deletedAt }))
        .slice(0, limit)
    },
    // It would take away those of servers whose clocks stand elsewhere.
    purgeTombstones: nothingToDo,
    [Symbol.asyncDispose]: nothingToDo,
  }
}

function ownMarks(store: ReadMarks, on: Rename): ReadMarks {
  return {
    raise: (changes) => store.raise(changes.map(({ user, change }) => ({ user: on(user), change }))),
    get: (user, groupIds) => store.get(on(user), groupIds),
    above: (user, after) => store.above(on(user), after),
    changesSince: (user, after, limit) => store.changesSince(on(user), after, limit),
    purge: (user, groupIds) => store.purge(on(user), groupIds),
    [Symbol.asyncDispose]: nothingToDo,
  }
}
