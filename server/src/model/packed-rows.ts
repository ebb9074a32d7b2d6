import type { EventOp, JsonObject } from '@headwater/protocol'
import type { Erasure, FirstSeqSpan, GroupRow, NewestActor, Register } from './activity-group.ts'
import type { UserId } from './ids.ts'
import { sharedMetadata } from './shared-metadata.ts'

/**
 * The lists of a group's row as stores keep them: without the names of their fields, since a page parses sixty rows. Stored
 * rows are read by later versions, so no place in a tuple ever gets another meaning.
 */
export type PackedLists = readonly [
  newest: readonly PackedNewest[],
  spans: readonly PackedSpan[],
  /** Where the metadata of three actors was before it was among `newest`. */
  previews: readonly PackedPreview[],
  erasures: readonly PackedErasure[],
]

type PackedRegister = readonly [
  actor: string,
  createdAt: number,
  eventId: string,
  EventOp,
  seq: number,
  firstSeq: number,
]
/** That of the actor before. */
const sameMetadata = 1
type PackedNewest = readonly [...PackedRegister, metadata?: JsonObject | typeof sameMetadata | null]
type PackedSpan = readonly [upTo: number, actors: number, came: number]
type PackedPreview = readonly [actor: string, createdAt: number, eventId: string, JsonObject]
type PackedErasure = readonly [actorHash: string, seq: number]

type Lists = Pick<GroupRow, 'newestActors' | 'firstSeqSpans' | 'erasures'>

export const packLists = ({ newestActors, firstSeqSpans, erasures }: Lists): PackedLists => [
  newestActors.map(({ actor, createdAt, eventId, op, seq, firstSeq, metadata }, i) => {
    // By what it says: which objects are one follows from when the row was loaded, and the text must not.
    const before = newestActors[i - 1]?.metadata
    const isSame = metadata !== null && sharedMetadata(before, metadata) === before
    return [actor, createdAt, eventId, op, seq, firstSeq, isSame ? sameMetadata : metadata]
  }),
  firstSeqSpans.map(({ upTo, actors, came }) => [upTo, actors, came]),
  [],
  erasures.map(({ actorHash, seq }) => [actorHash, seq]),
]

export function unpackActors(newest: PackedLists[0], previews: PackedLists[2]): NewestActor[] {
  let before: JsonObject | null = null
  return newest.map(([actor, createdAt, eventId, op, seq, firstSeq, packed = previewOf(actor, previews)]) => {
    const metadata: JsonObject | null = packed === sameMetadata ? before : packed
    before = metadata
    return { actor, createdAt, eventId, op, seq, firstSeq, metadata }
  })
}
const previewOf = (actor: UserId, previews: PackedLists[2]): JsonObject | null =>
  previews.find(([other]) => other === actor)?.[3] ?? null
export const unpackSpans = (spans: PackedLists[1]): FirstSeqSpan[] =>
  spans.map(([upTo, actors, came]) => ({ upTo, actors, came }))
export const unpackErasures = (erasures: PackedLists[3]): Erasure[] =>
  erasures.map(([actorHash, seq]) => ({ actorHash, seq }))

/** `pending` is a text of its own, which pages leave out; null = none. */
export const packPending = (pending: readonly Register[]): string | null =>
  pending.length === 0 ? null : JSON.stringify(pending.map(pack))

export const unpackPending = (pending: string | null | undefined): Register[] =>
  pending ? packedIn(pending).map(unpack) : []

/** Whose registers ride in the row. */
export const actorsIn = (pending: string): readonly UserId[] => packedIn(pending).map(([actor]) => actor)

const packedIn = (pending: string) => JSON.parse(pending) as readonly PackedRegister[]

const pack = ({ actor, createdAt, eventId, op, seq, firstSeq }: Register): PackedRegister => [
  actor,
  createdAt,
  eventId,
  op,
  seq,
  firstSeq,
]

const unpack = ([actor, createdAt, eventId, op, seq, firstSeq]: PackedRegister): Register => ({
  actor,
  createdAt,
  eventId,
  op,
  seq,
  firstSeq,
})
