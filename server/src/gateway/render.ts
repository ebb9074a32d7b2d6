import type { ActivityStream } from '../activity/activity-api.ts'
import type { Seq, UserId } from '../model/ids.ts'
import type { StreamChange } from '../ports/pub-sub.ts'
import type { BadgeCounts } from '../ports/unread-sets.ts'
import { renderEntries, type StreamBatch, visibleRows } from './stream-frames.ts'

/** Changes of one user, complete from `from` to `to`. */
export interface RenderRequest {
  readonly user: UserId
  readonly from: Seq
  readonly to: Seq
  readonly changes: readonly StreamChange[]
  readonly counts: BadgeCounts | null
  readonly acceptedAt: number | null
}

export interface Rendered {
  readonly batches: ReadonlyMap<string | null, StreamBatch>
  /** Not older than `to`. */
  readonly counts: BadgeCounts
  /** The highest position among changes that came after `to`, and were left out; 0 = none. */
  readonly beyond: Seq
}

/** Frames of a user's changes, once for each language that the user's sockets show. */
export type Render = (request: RenderRequest, locales: Iterable<string | null>) => Promise<Rendered>

export const createRender =
  (stream: ActivityStream): Render =>
  async (request, locales) => {
    const { user, from, to, acceptedAt } = request
    // A row read behind `to` may have changed once more meanwhile: its frame belongs to what comes next.
    const changes = request.changes.filter((change) => change.seq > from && change.seq <= to)
    const beyond = request.changes.reduce(
      (highest, change) => (change.seq > to ? Math.max(highest, change.seq) : highest),
      0,
    )
    const counts = request.counts && request.counts.upTo >= to ? request.counts : await badgeFrom(stream, user, to)
    const rows = visibleRows(changes)
    const batches = new Map<string | null, StreamBatch>()
    for (const locale of new Set(locales)) {
      const shown = rows.length > 0 ? await stream.present(user, rows, locale) : []
      const groups = new Map(shown.map((group) => [group.group_id, group]))
      batches.set(locale, { from, to, entries: renderEntries(changes, from, groups, counts), acceptedAt })
    }
    return { batches, counts, beyond }
  }

/** The badge at `atLeast` or later. A store that has not come so far yet is a failure, to be tried again. */
export async function badgeFrom(stream: ActivityStream, user: UserId, atLeast: Seq): Promise<BadgeCounts> {
  const badge = await stream.badge(user)
  if (badge.upTo < atLeast) throw new Error(`The badge is at ${badge.upTo}, and ${atLeast} was asked for`)
  return badge
}
