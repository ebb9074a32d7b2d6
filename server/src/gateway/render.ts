import type { ActivityStream } from '../activity/activity-api.ts'
import type { GroupRow } from '../model/activity-group.ts'
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
  /** How far the batches are complete: `to`, or less when rows had changed once more before they were read. */
  readonly to: Seq
  /** The highest position among changes behind that, which were left out; 0 = none. */
  readonly beyond: Seq
}

/** Frames of a user's changes, once for each language that the user's sockets show. */
export type Render = (request: RenderRequest, locales: Iterable<string | null>) => Promise<Rendered>

export const createRender =
  (stream: ActivityStream): Render =>
  async (request, locales) => {
    const { user, from, acceptedAt } = request
    const { to, beyond } = completeTo(request)
    const changes = request.changes.filter((change) => change.seq > from && change.seq <= to)
    const counts = request.counts && request.counts.upTo >= to ? request.counts : await badgeFrom(stream, user, to)
    const rows = visibleRows(changes)
    const batches = new Map<string | null, StreamBatch>()
    for (const locale of new Set(locales)) {
      const shown = rows.length > 0 ? await stream.present(user, rows, locale) : []
      const groups = new Map(shown.map((group) => [group.group_id, group]))
      batches.set(locale, { from, to, entries: renderEntries(changes, from, groups, counts), acceptedAt })
    }
    return { batches, counts, to, beyond }
  }

/**
 * A row that changed once more after `to` is told with what comes next. If its group came up since `from`, nobody has been
 * told of it yet, and told as complete may only be what lies before that: else its next frame would be an update of a
 * group unknown to the client.
 */
function completeTo({ from, to, changes }: RenderRequest): { to: Seq; beyond: Seq } {
  const last = changes.at(-1)?.seq ?? 0
  if (last <= to) return { to, beyond: 0 }
  const isUntold = (change: StreamChange, complete: Seq): change is StreamChange & { group: GroupRow } =>
    'group' in change &&
    change.seq > complete &&
    change.group.visibleSince > from &&
    change.group.visibleSince <= complete
  let complete = to
  // Each row that is put off may put off what was to be told before it.
  for (let next = changes.find((change) => isUntold(change, complete)); next; ) {
    complete = next.group.visibleSince - 1
    next = changes.find((change) => isUntold(change, complete))
  }
  return { to: complete, beyond: last }
}

/** The badge at `atLeast` or later. A store that has not come so far yet is a failure, to be tried again. */
export async function badgeFrom(stream: ActivityStream, user: UserId, atLeast: Seq): Promise<BadgeCounts> {
  const badge = await stream.badge(user, atLeast)
  if (badge.upTo < atLeast) throw new Error(`The badge is at ${badge.upTo}, and ${atLeast} was asked for`)
  return badge
}
