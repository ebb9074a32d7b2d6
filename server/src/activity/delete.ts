import type { ObjectType } from '@headwater/protocol'
import type { Clock, Seams } from '../lib/seams.ts'
import { noFailpoint } from '../lib/system-seams.ts'
import type { UserId } from '../model/ids.ts'
import type { LogValue } from '../model/log-record.ts'
import type { DeviceStore } from '../ports/device-store.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { ObjectIndex, ObjectRef } from '../ports/object-index.ts'
import type { UserStore } from '../ports/user-store.ts'
import type { Deletion } from './activity-api.ts'
import { appendDurably } from './append-durably.ts'
import { boundsNow, nextSeqs } from './log-bounds.ts'

export interface DeletionPorts {
  readonly devices: DeviceStore
  readonly log: EventLog
  readonly objects: ObjectIndex
  readonly users: UserStore
}

const pageOf = 500

/**
 * Deletions that reach the streams of others. First what hides the thing at once is made durable (a tombstone, the
 * erased user record), then every group it is in gets a record of its own, so that a replay knows of it too.
 * `applied` waits, for a bounded time, until the worker has folded what is in the log.
 */
export function createDeletion(
  ports: DeletionPorts,
  clock: Clock,
  applied: () => Promise<void>,
  failpoint: Seams['failpoint'] = noFailpoint,
): Deletion {
  const { log, objects, users, devices } = ports
  return { deleteObject, eraseUser }

  async function deleteObject(objectType: ObjectType, objectId: string): Promise<void> {
    const object = { objectType, objectId }
    await objects.putTombstone(object, clock.now())
    await failpoint('delete.after-tombstone')
    for (let after: UserId | null = null; ; ) {
      const targets: readonly UserId[] = await objects.targets(object, after, pageOf)
      await appendDurably(log, await groupsAbout(object, targets))
      await failpoint('delete.after-append')
      after = targets.at(-1) ?? null
      if (!after || targets.length < pageOf) break
    }
    await applied()
  }

  async function groupsAbout(object: ObjectRef, targets: readonly UserId[]): Promise<readonly LogValue[]> {
    const found = await Promise.all(targets.map((user) => objects.groups(object, user)))
    return targets.flatMap((user, i) =>
      (found[i] ?? []).map((groupId): LogValue => ({ kind: 'group_deleted', user, groupId })),
    )
  }

  async function eraseUser(user: UserId): Promise<boolean> {
    const before = nextSeqs(log, await boundsNow(log))
    const existed = await users.erase(user, clock.now(), before)
    await failpoint('erase.before-append')
    await appendDurably(log, [{ kind: 'user_erased', user }])
    await failpoint('erase.after-append')
    await devices.purge({ user })
    await applied()
    return existed
  }
}
