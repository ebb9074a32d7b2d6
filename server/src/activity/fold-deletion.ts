import { monthOf, type Register } from '../model/activity-group.ts'
import type { GroupId, Seq, UserId } from '../model/ids.ts'
import type { LogRecord } from '../model/log-record.ts'
import type { Change, OpenGroup } from '../model/open-group.ts'
import type { GroupStore } from '../ports/group-store.ts'
import type { MemberStore } from '../ports/member-store.ts'
import type { ObjectEntry, ObjectIndex } from '../ports/object-index.ts'
import type { OfflineQueue } from '../ports/offline-queue.ts'
import type { ReadMarks } from '../ports/read-marks.ts'
import type { UnreadSets } from '../ports/unread-sets.ts'
import type { Persist } from './flush.ts'
import { keyOf, needOf, type WindowNeed } from './load.ts'
import type { PartitionState } from './partition-state.ts'
import type { UserFold } from './user-fold.ts'

export interface DeletionPorts {
  readonly groups: GroupStore
  readonly members: MemberStore
  readonly objects: ObjectIndex
  readonly marks: ReadMarks
  readonly unread: UnreadSets
  readonly offline: OfflineQueue
}

export interface DeletionWork {
  readonly loadWindows: (state: PartitionState, needs: readonly WindowNeed[]) => Promise<void>
  readonly askRegisters: (asks: readonly { group: OpenGroup; actors: readonly UserId[] }[]) => Promise<void>
  readonly newestActors: (group: OpenGroup) => Promise<readonly Register[]>
  readonly flush: (state: PartitionState, user: UserFold) => Promise<void>
  readonly persist: Persist
}

/**
 * Records that take groups away. They can reach groups of several keys and months, so what is folded of the user is
 * written before, and after each month: a crash in between leaves whole months done or not done, and the record, folded
 * again, does the rest.
 */
export function createDeletionFold(ports: DeletionPorts, work: DeletionWork) {
  return { deleteGroup, deleteObject, eraseActor, eraseUser }

  async function deleteGroup(
    state: PartitionState,
    record: LogRecord,
    user: UserFold,
    groupId: GroupId,
  ): Promise<void> {
    await eachGroup(state, record, user, [groupId], (group, seq) => group.delete(seq))
  }

  async function deleteObject(
    state: PartitionState,
    record: LogRecord,
    user: UserFold,
    object: ObjectEntry['object'],
  ): Promise<void> {
    await work.flush(state, user)
    const ids = await work.persist('object index', () => ports.objects.groups(object, user.user))
    await eachGroup(state, record, user, ids, (group, seq) => (group.openedSeq < seq ? group.delete(seq) : 'none'))
    const entries = ids.map((groupId) => ({ object, user: user.user, groupId }))
    if (entries.length > 0) await work.persist('object index', () => ports.objects.remove(entries))
  }

  async function eraseActor(
    state: PartitionState,
    record: LogRecord,
    user: UserFold,
    actor: UserId,
    groupIds: readonly GroupId[],
  ): Promise<void> {
    await eachGroup(state, record, user, groupIds, async (group, seq) => {
      await work.askRegisters([{ group, actors: [actor] }])
      const change = group.eraseActor(actor, seq)
      if (group.needsRefill) group.refill(await work.newestActors(group))
      return change
    })
    const members = groupIds.map((groupId) => ({ user: user.user, groupId, actor }))
    await work.persist('members', () => ports.members.erase(members))
  }

  /** The user's whole stream. What is in memory of it is dropped unwritten. */
  async function eraseUser(state: PartitionState, user: UserFold): Promise<void> {
    await work.flush(state, user)
    const id = user.user
    for (const window of user.windows) state.windows.delete(window.id)
    state.users.delete(id)
    const rows = await work.persist('groups', () => allGroupIds(id))
    await work.persist('members', () => ports.members.erase(rows.map((groupId) => ({ user: id, groupId }))))
    await work.persist('marks', () => ports.marks.purge(id, null))
    await work.persist('groups', () => ports.groups.purge({ user: id }))
    await Promise.allSettled([ports.unread.drop([id]), ports.offline.drop([id])])
  }

  async function eachGroup(
    state: PartitionState,
    record: LogRecord,
    user: UserFold,
    groupIds: readonly GroupId[],
    change: (group: OpenGroup, seq: Seq) => Change | Promise<Change>,
  ): Promise<void> {
    await work.flush(state, user)
    const found = await work.persist('groups', () =>
      ports.groups.get(groupIds.map((groupId) => ({ user: user.user, groupId }))),
    )
    const rows = found.filter((row) => row !== undefined).sort((a, b) => a.createdAt - b.createdAt)
    await work.loadWindows(
      state,
      rows.map((row) => needOf(user.user, keyOf(row), row.groupId)),
    )
    let month = 0
    for (const row of rows) {
      const window = state.window(user.user, row)
      const group = window?.find(row.groupId)
      if (!window || !group) continue
      if (monthOf(row.createdAt) !== month) await work.flush(state, user)
      month = monthOf(row.createdAt)
      if (record.seq <= group.applied) {
        if (record.seq === group.seq) touch(state, user, record).tell(group, record.seq)
        continue
      }
      const done = await change(group, record.seq)
      if (done === 'none') continue
      window.dirtyMonth = month
      touch(state, user, record).changed(group, done, record.seq)
    }
    await work.flush(state, user)
  }

  async function allGroupIds(user: UserId): Promise<readonly GroupId[]> {
    const ids: GroupId[] = []
    for (let after: GroupId | null = null; ; ) {
      const page = await ports.groups.list(user, { after, createdFrom: 0, types: null, limit: 500 })
      for (const row of page) ids.push(row.groupId)
      const last = page.at(-1)
      if (!last) return ids
      after = last.groupId
    }
  }
}

function touch(state: PartitionState, user: UserFold, record: LogRecord): UserFold {
  user.touch(record.offset, record.appendedAt)
  state.dirty.add(user)
  return user
}
