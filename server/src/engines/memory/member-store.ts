import type { Register } from '../../model/activity-group.ts'
import type { GroupId, UserId } from '../../model/ids.ts'
import { newestFirst } from '../../model/register.ts'
import type { ActorGroup, MemberStore } from '../../ports/member-store.ts'
import type { GroupState } from './group-store.ts'
import { insert, pageOf, remove } from './sorted.ts'

export interface MemberState {
  /** The registers of a group, by user and group. */
  readonly groups: Map<string, Map<UserId, Register>>
  /** Where an actor may be found, by user and group, sorted. */
  readonly ofActor: Map<UserId, string[]>
}

export const newMemberState = (): MemberState => ({ groups: new Map(), ofActor: new Map() })

/** `rows`: where registers ride that are not in here. */
export function memoryMemberStore(state: MemberState, rows: GroupState): MemberStore {
  const pendingOf = ({ user, groupId }: ActorGroup) => rows.get(user)?.rows.get(groupId)?.pending ?? []

  function isThere(actor: UserId, group: ActorGroup): boolean {
    const members = state.groups.get(keyOf(group.user, group.groupId))
    return members?.has(actor) === true || pendingOf(group).some((register) => register.actor === actor)
  }

  return {
    async index(batches) {
      for (const { user, groupId, registers } of batches) {
        for (const { actor } of registers) {
          const groups = state.ofActor.get(actor) ?? []
          insert(groups, keyOf(user, groupId))
          state.ofActor.set(actor, groups)
        }
      }
    },

    async put(batches) {
      for (const { user, groupId, registers } of batches) {
        const key = keyOf(user, groupId)
        const members = state.groups.get(key) ?? new Map<UserId, Register>()
        if (registers.length > 0) state.groups.set(key, members)
        for (const register of registers) {
          if ((members.get(register.actor)?.seq ?? -1) >= register.seq) continue
          members.set(register.actor, register)
        }
      }
    },

    async registers(asks) {
      return asks.map(({ user, groupId, actors }) => {
        const members = state.groups.get(keyOf(user, groupId))
        return actors.flatMap((actor) => members?.get(actor) ?? [])
      })
    },

    async list(user, groupId, after, limit) {
      return counting(state, user, groupId)
        .filter((register) => after === null || newestFirst(register, after) > 0)
        .sort(newestFirst)
        .slice(0, limit)
    },

    async countFirst(user, groupId, after, upTo) {
      return counting(state, user, groupId).filter(({ firstSeq }) => firstSeq > after && firstSeq <= upTo).length
    },

    async groupsOfActor(actor, after, limit) {
      const behind = after && keyOf(after.user, after.groupId)
      const there = (state.ofActor.get(actor) ?? []).filter((key) => isThere(actor, ofKey(key)))
      return pageOf(there, behind, limit).map(ofKey)
    },

    async erase(what) {
      for (const { user, groupId, actor, upTo } of what) {
        const key = keyOf(user, groupId)
        const members = state.groups.get(key)
        if (actor !== undefined && upTo !== undefined && (members?.get(actor)?.seq ?? 0) > upTo) continue
        const riding = pendingOf({ user, groupId }).map((register) => register.actor)
        for (const each of actor === undefined ? [...(members?.keys() ?? []), ...riding] : [actor]) {
          members?.delete(each)
          // What rides in the row by now is newer: it stays, and is found.
          if (actor !== undefined && riding.includes(actor)) continue
          const groups = state.ofActor.get(each) ?? []
          remove(groups, key)
          if (groups.length === 0) state.ofActor.delete(each)
        }
        if (members?.size === 0) state.groups.delete(key)
      }
    },

    async [Symbol.asyncDispose]() {},
  }
}

/** User ids hold no blank. */
const keyOf = (user: UserId, groupId: GroupId): string => `${user} ${groupId}`

function ofKey(key: string): ActorGroup {
  const blank = key.indexOf(' ')
  return { user: key.slice(0, blank), groupId: key.slice(blank + 1) }
}

const counting = (state: MemberState, user: UserId, groupId: GroupId): Register[] =>
  [...(state.groups.get(keyOf(user, groupId))?.values() ?? [])].filter((register) => register.op === 'ADD')
