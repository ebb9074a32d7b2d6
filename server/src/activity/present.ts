import type { ActivityGroup, UserRef } from '@headwater/protocol'
import type { Clock } from '../lib/seams.ts'
import { type GroupRow, isClosed } from '../model/activity-group.ts'
import type { UserId } from '../model/ids.ts'
import { readUpTo, seenUpTo } from '../model/marks.ts'
import type { Summarize } from '../model/summary.ts'
import type { ReadMarks, UserMarks } from '../ports/read-marks.ts'
import type { UserRecord, UserStore } from '../ports/user-store.ts'
import { createNewActors, type NewActorPorts } from './new-actors.ts'

export interface PresentPorts extends NewActorPorts {
  readonly marks: ReadMarks
  readonly users: Pick<UserStore, 'get'>
}

export type Present = (
  user: UserId,
  rows: readonly GroupRow[],
  locale: string | null,
  known?: UserMarks,
) => Promise<readonly ActivityGroup[]>

/** Who is named in a group. */
export const topActorsOf = ({ newestActors }: GroupRow): readonly UserId[] =>
  newestActors.slice(0, topActors).map(({ actor }) => actor)

const topActors = 3

/** Groups as the wire shows them: names looked up now, marks merged, one sentence in the reader's language. */
export function createPresent(ports: PresentPorts, summarize: Summarize, clock: Clock): Present {
  const newActors = createNewActors(ports)
  return async function present(user, rows, locale, known) {
    if (rows.length === 0) return []
    const marks =
      known ??
      (await ports.marks.get(
        user,
        rows.map((row) => row.groupId),
      ))
    const ids = new Set<UserId>([user])
    for (const row of rows) for (const actor of topActorsOf(row)) ids.add(actor)
    const asked = [...ids]
    const found = await ports.users.get(asked)
    const records = new Map(asked.map((id, i) => [id, found[i]]))
    const language = locale ?? records.get(user)?.locale ?? null
    const now = clock.now()
    return Promise.all(rows.map((row) => presentOne(row, marks, records, language, now)))
  }

  async function presentOne(
    row: GroupRow,
    marks: UserMarks,
    records: ReadonlyMap<UserId, UserRecord | undefined>,
    locale: string | null,
    now: number,
  ): Promise<ActivityGroup> {
    const own = marks.groups.get(row.groupId)
    const seenTo = seenUpTo(marks.all, own)
    const actors = topActorsOf(row).map((actor) => userRef(actor, records.get(actor)))
    const metadata = row.newestActors[0]?.metadata ?? {}
    const { preview } = metadata
    return {
      group_id: row.groupId,
      event_type: row.eventType,
      verb: row.verb,
      object_type: row.objectType,
      object_id: row.objectId,
      actor_count: row.actorCount,
      actor_count_is_estimate: row.actorCountIsEstimate,
      new_actor_count: await newActors(row, seenTo),
      event_count: row.eventCount,
      top_actors: actors,
      summary: summarize({ ...row, names: actors.map((actor) => actor.name) }, locale),
      latest_preview: typeof preview === 'string' ? preview : null,
      metadata,
      is_read: row.unreadSeq <= readUpTo(marks.all, own),
      is_seen: row.unreadSeq <= seenTo,
      is_closed: isClosed(row, now),
      group_created_at: row.createdAt,
      updated_at: row.updatedAt,
      seq: row.seq,
      unread_seq: row.unreadSeq,
    }
  }
}

/** A user who was never put is shown by the id. */
export const userRef = (id: UserId, record: UserRecord | undefined): UserRef => ({
  id,
  name: record?.name ?? id,
  avatar_url: record?.avatarUrl ?? null,
})
