import type { Register } from '../../model/activity-group.ts'
import type { GroupId, UserId } from '../../model/ids.ts'
import { newestFirst } from '../../model/register.ts'
import type { ActorGroup, MemberStore } from '../../ports/member-store.ts'
import { insert, pageOf, remove } from './sorted.ts'

export interface MemberState {
  /** The registers of a group, by user and group. */
  readonly groups: Map<string, Map<UserId, Register>>
  /** The groups of an actor, by user and group, sorted. */
  readonly ofActor: Map<UserId, string[]>
}

export const newMemberState = (): MemberState => ({ groups: new Map(), ofActor: new Map() })

export function memoryMemberStore(state: MemberState): MemberStore {
  return {
    async put(batches) {
      for (const { user, groupId, registers } of batches) {
        const key = keyOf(user, groupId)
        const members = state.groups.get(key) ?? new Map<UserId, Register>()
        if (registers.length > 0) state.groups.set(key, members)
        for (const register of registers) {
          if ((members.get(register.actor)?.seq ?? -1) >= register.seq) continue
          members.set(register.actor, register)
          const groups = state.ofActor.get(register.actor) ?? []
          insert(groups, key)
          state.ofActor.set(register.actor, groups)
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
      return pageOf(state.ofActor.get(actor) ?? [], behind, limit).map(ofKey)
    },

    async erase(what) {
      for (const { user, groupId, actor, upTo } of what) {
        const key = keyOf(user, groupId)
        const members = state.groups.get(key)
        if (actor !== undefined && upTo !== undefined && (members?.get(actor)?.seq ?? 0) > upTo) continue
        for (const each of actor === undefined ? [...(members?.keys() ?? [])] : [actor]) {
          members?.delete(each)
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
