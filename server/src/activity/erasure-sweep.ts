import type { Clock } from '../lib/seams.ts'
import type { Offset, UserId } from '../model/ids.ts'
import { toSeq } from '../model/position.ts'
import type { DeviceStore } from '../ports/device-store.ts'
import type { EventLog, LogBounds } from '../ports/event-log.ts'
import type { GroupStore } from '../ports/group-store.ts'
import type { ActorGroup, MemberStore } from '../ports/member-store.ts'
import type { UserStore } from '../ports/user-store.ts'
import { appendDurably } from './delete.ts'

export interface ErasureSweepPorts {
  readonly devices: DeviceStore
  readonly log: EventLog
  readonly groups: GroupStore
  readonly members: MemberStore
  readonly users: UserStore
}

/** Per partition: one past the newest record. */
type Ends = readonly Offset[]

interface Erasing {
  readonly erasedAt: number
  /** By the monotonic clock. */
  readonly begunAt: number
  /** What was accepted below them may be of before the erasure; what comes later is of somebody made anew. */
  readonly ends: Ends
  /** Nothing is looked for before the views are as far as this. */
  waitsFor: Ends
}

const pageOf = 500
/** By then every server has heard of it, has closed the sockets of who was erased, and has written what they acknowledged. */
const lateMs = 10_000

/**
 * Takes erased users out of the groups of others. Runs in the background, and again until the member table holds nothing
 * of them from before the erasure; then the erasure is forgotten. What was accepted before and is not folded yet will be in
 * the table later, so each look waits until it is. Positions of devices that came after the others were removed go at the end.
 */
export function createErasureSweep({ devices, log, groups, members, users }: ErasureSweepPorts, clock: Clock) {
  let begun: ReadonlyMap<UserId, Erasing> = new Map()

  return async function sweep(): Promise<number> {
    const erasures = await users.erasures(pageOf)
    if (erasures.length === 0) return 0
    const bounds = await allBounds()
    const ends = endsOf(bounds)
    begun = new Map(
      erasures.map(({ id, erasedAt }) => {
        const known = begun.get(id)
        return [
          id,
          known?.erasedAt === erasedAt ? known : { erasedAt, begunAt: clock.monotonic(), ends, waitsFor: ends },
        ]
      }),
    )
    let found = 0
    const again: Erasing[] = []
    for (const [id, erasing] of begun) {
      if (!isFolded(bounds, erasing.waitsFor)) continue
      const left = await sweepActor(id, erasing.ends)
      if (left === 0) await finish(id, erasing)
      else again.push(erasing)
      found += left
    }
    if (again.length > 0) {
      const appended = endsOf(await allBounds())
      for (const erasing of again) erasing.waitsFor = appended
    }
    return found
  }

  async function finish(id: UserId, { begunAt, erasedAt }: Erasing): Promise<void> {
    if (clock.monotonic() - begunAt < lateMs) return
    await devices.purge({ user: id })
    await users.sweepDone(id, erasedAt)
  }

  async function sweepActor(actor: UserId, ends: Ends): Promise<number> {
    let found = 0
    for (let after: ActorGroup | null = null; ; ) {
      const page: readonly ActorGroup[] = await members.groupsOfActor(actor, after, pageOf)
      const old = await thoseOfBefore(actor, page, ends)
      await appendDurably(
        log,
        old.map(({ user, groupId }) => ({ kind: 'actor_erased', user, actor, groupId })),
      )
      found += old.length
      after = page.at(-1) ?? null
      if (!after || page.length < pageOf) return found
    }
  }

  /** Registers ride in the row until they are in the table: so the rows are read first. */
  async function thoseOfBefore(actor: UserId, page: readonly ActorGroup[], ends: Ends): Promise<readonly ActorGroup[]> {
    const rows = await groups.get(page)
    const stored = await members.registers(page.map(({ user, groupId }) => ({ user, groupId, actors: [actor] })))
    return page.filter(({ user }, i) => {
      const riding = rows[i]?.pending.findLast((register) => register.actor === actor)
      const seq = Math.max(riding?.seq ?? 0, stored[i]?.[0]?.seq ?? 0)
      return seq < toSeq(log.info.epoch, ends[log.partitionOf(user)] ?? 0)
    })
  }

  // Together: a log behind a network answers many questions in one request.
  function allBounds(): Promise<readonly LogBounds[]> {
    return Promise.all(Array.from({ length: log.info.partitions }, (_, partition) => log.bounds(partition)))
  }
}

const endsOf = (bounds: readonly LogBounds[]): Ends => bounds.map(({ end }) => end)

const isFolded = (bounds: readonly LogBounds[], ends: Ends): boolean =>
  bounds.every(({ start, committed }, partition) => Math.max(start, committed) >= (ends[partition] ?? 0))
