import type { Clock } from '../lib/seams.ts'
import type { Offset, Seq, UserId } from '../model/ids.ts'
import { epochOf } from '../model/position.ts'
import type { DeviceStore } from '../ports/device-store.ts'
import type { EventLog, LogBounds } from '../ports/event-log.ts'
import type { GroupStore } from '../ports/group-store.ts'
import type { ActorGroup, MemberStore } from '../ports/member-store.ts'
import type { UserErasure, UserStore } from '../ports/user-store.ts'
import { appendDurably } from './append-durably.ts'
import { boundsNow, nextSeqs } from './log-bounds.ts'

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
  /** What lies below them is of before the erasure; what comes later is of somebody made anew. */
  readonly before: readonly Seq[]
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
    const bounds = await boundsNow(log)
    begun = new Map(
      erasures.map((erasure) => {
        const known = begun.get(erasure.id)
        return [erasure.id, known?.erasedAt === erasure.erasedAt ? known : begin(erasure, bounds)]
      }),
    )
    let found = 0
    const again: Erasing[] = []
    for (const [id, erasing] of begun) {
      if (!isFolded(bounds, erasing.waitsFor)) continue
      const left = await sweepActor(id, erasing.before)
      if (left === 0) await finish(id, erasing)
      else again.push(erasing)
      found += left
    }
    if (again.length > 0) {
      const appended = endsOf(await boundsNow(log))
      for (const erasing of again) erasing.waitsFor = appended
    }
    return found
  }

  /** A log that was restored has another epoch, and maybe other partitions: then all that it has now is taken for older. */
  function begin({ erasedAt, before }: UserErasure, bounds: readonly LogBounds[]): Erasing {
    const { epoch, partitions } = log.info
    const fits = before.length === partitions && before.every((seq) => epochOf(seq) === epoch)
    const known = fits ? before : nextSeqs(log, bounds)
    return { erasedAt, begunAt: clock.monotonic(), before: known, waitsFor: endsOf(bounds) }
  }

  async function finish(id: UserId, { begunAt, erasedAt }: Erasing): Promise<void> {
    if (clock.monotonic() - begunAt < lateMs) return
    await devices.purge({ user: id })
    await users.sweepDone(id, erasedAt)
  }

  async function sweepActor(actor: UserId, before: readonly Seq[]): Promise<number> {
    let found = 0
    for (let after: ActorGroup | null = null; ; ) {
      const page: readonly ActorGroup[] = await members.groupsOfActor(actor, after, pageOf)
      const old = await thoseOfBefore(actor, page, before)
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
  async function thoseOfBefore(
    actor: UserId,
    page: readonly ActorGroup[],
    before: readonly Seq[],
  ): Promise<readonly ActorGroup[]> {
    const rows = await groups.get(page)
    const stored = await members.registers(page.map(({ user, groupId }) => ({ user, groupId, actors: [actor] })))
    return page.filter(({ user }, i) => {
      const riding = rows[i]?.pending.findLast((register) => register.actor === actor)
      const seq = Math.max(riding?.seq ?? 0, stored[i]?.[0]?.seq ?? 0)
      return seq < (before[log.partitionOf(user)] ?? 0)
    })
  }
}

const endsOf = (bounds: readonly LogBounds[]): Ends => bounds.map(({ end }) => end)

const isFolded = (bounds: readonly LogBounds[], ends: Ends): boolean =>
  bounds.every(({ start, committed }, partition) => Math.max(start, committed) >= (ends[partition] ?? 0))
