import type { Seams } from '../lib/seams.ts'
import { type GroupRow, monthOf, type Register } from '../model/activity-group.ts'
import type { GroupId, Seq, UserId } from '../model/ids.ts'
import type { LogRecord } from '../model/log-record.ts'
import type { Change, OpenGroup } from '../model/open-group.ts'
import type { GroupStore } from '../ports/group-store.ts'
import type { MemberStore } from '../ports/member-store.ts'
import type { ObjectIndex } from '../ports/object-index.ts'
import type { OfflineQueue } from '../ports/offline-queue.ts'
import type { ReadMarks } from '../ports/read-marks.ts'
import type { UnreadSets } from '../ports/unread-sets.ts'
import { needOf, type WindowNeed } from './load.ts'
import type { PartitionState } from './partition-state.ts'
import type { Persist } from './persist.ts'
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
  readonly loadWindows: (state: PartitionState, needs: readonly WindowNeed[], next: Seq) => Promise<unknown>
  readonly askRegisters: (asks: readonly { group: OpenGroup; actors: readonly UserId[] }[]) => Promise<void>
  readonly newestActors: (group: OpenGroup) => Promise<readonly Register[]>
  readonly checkCurrent: (group: OpenGroup) => Promise<void>
  readonly flush: (state: PartitionState, user: UserFold) => Promise<void>
  readonly persist: Persist
  readonly failpoint: Seams['failpoint']
}

/** More than any user has. */
const rowsMax = 1_000_000_000

/** Records that take away: a group, an actor from a group, or a user's whole stream. */
export function createDeletionFold(ports: DeletionPorts, work: DeletionWork) {
  return { deleteGroup, eraseActor, eraseUser }

  async function deleteGroup(
    state: PartitionState,
    record: LogRecord,
    user: UserFold,
    groupId: GroupId,
  ): Promise<void> {
    await changeGroup(state, record, user, groupId, async (group) => group.delete(record.seq))
  }

  async function eraseActor(
    state: PartitionState,
    record: LogRecord,
    user: UserFold,
    actor: UserId,
    groupId: GroupId,
  ): Promise<void> {
    await changeGroup(state, record, user, groupId, async (group) => {
      await work.askRegisters([{ group, actors: [actor] }])
      // Nothing known may mean that another owner has erased the actor already, after it wrote the row.
      if (!group.complete && !group.register(actor)) await work.checkCurrent(group)
      const change = group.eraseActor(actor, record.seq)
      if (group.needsRefill) group.refill(await work.newestActors(group))
      return change
    })
    await work.flush(state, user)
    await work.failpoint('fold.actor-out')
    // Folded again after a crash, it must not take out an actor who came back later.
    const erasure = { user: user.user, groupId, actor, upTo: record.seq }
    await work.persist('members', () => ports.members.erase([erasure]))
  }

  /**
   * The user's stream up to here. What is in memory of it is let go. Folded again after a crash, it must not take what came
   * later: that is of a user made anew.
   */
  async function eraseUser(state: PartitionState, { seq: upTo }: LogRecord, user: UserFold): Promise<void> {
    await work.flush(state, user)
    const id = user.user
    // Also those whose rows a worker before this one has removed: what was written of them since must go as well.
    const open = [...user.windows].flatMap(({ groups }) => groups.filter(({ applied }) => applied <= upTo))
    for (const window of user.windows) state.drop(window)
    const stored = await work.persist('groups', () => allRows(id, upTo))
    const rows = new Map([...open, ...stored].map((group) => [group.groupId, group])).values().toArray()
    await work.persist('members', () => ports.members.erase(rows.map(({ groupId }) => ({ user: id, groupId }))))
    await work.failpoint('fold.members-erased')
    const entries = rows.map(({ objectType, objectId, groupId }) => ({
      object: { objectType, objectId },
      user: id,
      groupId,
    }))
    await work.persist('object index', () => ports.objects.remove(entries))
    await work.persist('marks', () => ports.marks.purge(id, null, upTo))
    await work.failpoint('fold.marks-erased')
    await work.persist('groups', () => ports.groups.purge({ user: id, upTo }))
    await work.failpoint('fold.user-erased')
    await Promise.allSettled([ports.unread.drop([id]), ports.offline.drop([id])])
    state.users.delete(id)
  }

  async function changeGroup(
    state: PartitionState,
    record: LogRecord,
    user: UserFold,
    groupId: GroupId,
    change: (group: OpenGroup) => Promise<Change>,
  ): Promise<void> {
    const open = openGroup(user, groupId)
    const found = open ?? (await loadGroup(state, record, user, groupId))
    if (!found) return
    const { window, group } = found
    const month = monthOf(group.createdAt)
    if (window.dirtyMonth !== null && window.dirtyMonth !== month) await work.flush(state, user)
    user.touch(record.offset, record.appendedAt)
    user.urgent = true
    state.dirty.add(user)
    if (record.seq <= window.applied) {
      if (record.seq === group.seq) user.tell(group, record.seq)
      else user.nudge = true
      return
    }
    const done = await change(group)
    if (done === 'none') return
    window.dirtyMonth = month
    user.changed(group, done, record.seq)
  }

  async function loadGroup(state: PartitionState, record: LogRecord, user: UserFold, groupId: GroupId) {
    const [row] = await work.persist('groups', () => ports.groups.get([{ user: user.user, groupId }]))
    if (!row) return undefined
    await work.persist('load', () => work.loadWindows(state, [needOf(user.user, row, groupId)], record.seq))
    return openGroup(user, groupId)
  }

  /** Hidden and deleted ones are among them: their members and index entries have to go as well. */
  async function allRows(user: UserId, upTo: Seq): Promise<readonly GroupRow[]> {
    const all = await ports.groups.changesSince(user, -1, rowsMax)
    if ('gap' in all) throw new Error('a user with too many groups to erase')
    return all.rows.filter((row) => row.applied <= upTo)
  }
}

function openGroup(user: UserFold, groupId: GroupId) {
  for (const window of user.windows) {
    const group = window.find(groupId)
    if (group) return { window, group }
  }
  return undefined
}
