import type { ResetFrame } from '@headwater/protocol'
import type { ActivityStream } from '../activity/activity-api.ts'
import type { Seq, UserId } from '../model/ids.ts'
import type { BadgeCounts } from '../ports/unread-sets.ts'
import { badgeFrom, type Render } from './render.ts'
import type { StreamBatch } from './stream-frames.ts'

/** Where a client says it stopped. */
export interface ResumePoint {
  readonly epoch: string
  readonly seq: number
}

/** How a session begins: `hello`, then `reset` or what it missed. */
export interface Opening {
  readonly fromSeq: Seq
  /** The last frame of catching up. */
  readonly seq: Seq
  /** How far the answer is complete. */
  readonly position: Seq
  /** How far the stream is known to go: past `position` when something came while it was read. */
  readonly known: Seq
  readonly badge: BadgeCounts
  readonly reset: ResetFrame['reason'] | null
  readonly batch: StreamBatch | null
}

export interface OpeningRequest {
  readonly user: UserId
  readonly locale: string | null
  readonly resume: ResumePoint | null
  /** What the client's device confirmed last, in this epoch. */
  readonly acked: Seq | null
  /** A position that the stream has for certain, whatever the stores say yet. */
  readonly known: Seq
}

/** Asks the stores where a session begins and what it has missed. One that has missed nothing costs the badge alone. */
export async function readOpening(
  parts: { readonly stream: ActivityStream; readonly render: Render },
  request: OpeningRequest,
): Promise<Opening> {
  const { stream } = parts
  const { user, resume, acked, known } = request
  const atLeast = resume?.epoch === stream.epoch && resume.seq <= known ? resume.seq : 0
  const badge = await badgeFrom(stream, user, atLeast)
  if (resume) {
    if (resume.epoch !== stream.epoch) return anew(badge, 'epoch_changed')
    if (!Number.isSafeInteger(resume.seq) || resume.seq < 0 || resume.seq > badge.upTo) {
      return anew(badge, 'position_unknown')
    }
    return catchUp(parts, request, resume.seq, badge)
  }
  const from = acked !== null && acked <= badge.upTo ? acked : await stream.offlineStart(user)
  return catchUp(parts, request, from, badge)
}

const anew = (badge: BadgeCounts, reset: ResetFrame['reason']): Opening => ({
  fromSeq: badge.upTo,
  seq: badge.upTo,
  position: badge.upTo,
  known: badge.upTo,
  badge,
  reset,
  batch: null,
})

async function catchUp(
  { stream, render }: { readonly stream: ActivityStream; readonly render: Render },
  { user, locale }: OpeningRequest,
  from: Seq,
  badge: BadgeCounts,
): Promise<Opening> {
  const nothing = { fromSeq: from, seq: from, position: from, known: badge.upTo, badge, reset: null, batch: null }
  if (from >= badge.upTo) return nothing
  const answer = await stream.since(user, from)
  if ('gap' in answer) return anew(badge, 'too_far_behind')
  const { batches, counts, to, beyond } = await render(
    { user, from, to: answer.upTo, changes: answer.changes, counts: badge, acceptedAt: null },
    [locale],
  )
  const batch = batches.get(locale) ?? null
  const seq = batch?.entries.at(-1)?.seq ?? from
  const known = Math.max(badge.upTo, beyond)
  return { fromSeq: from, seq, position: Math.max(from, to), known, badge: counts, reset: null, batch }
}
