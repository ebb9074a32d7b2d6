import type { Offset, Partition } from '../../model/ids.ts'
import type { LogRecord } from '../../model/log-record.ts'

/** What outlives the servers that open the log, and what they see of each other: records, owners, waiting polls. */
export interface LogState {
  epoch: number
  /** One entry per partition. */
  parts: LogPart[]
  readonly members: Set<Member>
  /** Polls that wait for something to happen. */
  readonly waiting: Set<() => void>
}

export interface LogPart {
  readonly partition: Partition
  start: Offset
  /** The record at `start` and those behind it, without a hole. */
  readonly records: LogRecord[]
  committed: Offset
  /** Who may write the views of this partition. */
  holder: Member | undefined
  /** Who should have it; the holder is told to let go when it is somebody else. */
  heir: Member | undefined
  /** Since when holder and heir differ, monotonic milliseconds. */
  wantedSince: number
  /** Grows with each change of holder. */
  term: number
}

export interface Member {
  /** Monotonic milliseconds of its last call; a poll that waits counts as a call. */
  seenAt: number
  polling: boolean
}

export const newLogState = (partitions: number, epoch = 0): LogState => ({
  epoch,
  parts: newParts(partitions),
  members: new Set(),
  waiting: new Set(),
})

const newParts = (partitions: number): LogPart[] =>
  Array.from({ length: partitions }, (_, partition) => ({
    partition,
    start: 0,
    records: [],
    committed: 0,
    holder: undefined,
    heir: undefined,
    wantedSince: 0,
    term: 0,
  }))

/** The records are gone, or dealt anew over another number of partitions: positions of before mean nothing any more. */
export function loseRecords(state: LogState, partitions = state.parts.length): void {
  state.epoch++
  state.parts = newParts(partitions)
  state.members.clear()
  wake(state)
}

export const endOf = (part: LogPart): Offset => part.start + part.records.length

/** Lets all waiting polls look again. */
export function wake(state: LogState): void {
  for (const run of [...state.waiting]) run()
}

/**
 * Deals the partitions: everyone has about as many, and who has one keeps it if it can. A partition changes hands only
 * when its holder lets go (`settle`), has left, or did not let go in time.
 */
export function deal(state: LogState, now: number): void {
  const members = [...state.members]
  const share = new Map(members.map((member, i) => [member, shareOf(i, members.length, state.parts.length)]))
  const open: LogPart[] = []
  for (const part of state.parts) {
    const left = part.heir && share.get(part.heir)
    if (part.heir && left) share.set(part.heir, left - 1)
    else open.push(part)
  }
  for (const part of open) {
    const heir = members.find((member) => (share.get(member) ?? 0) > 0)
    if (heir) share.set(heir, (share.get(heir) ?? 0) - 1)
    part.heir = heir
    part.wantedSince = now
  }
}

/** Deals all partitions afresh, whoever has them now, in an order that `shuffled` decides. */
export function dealAnew(state: LogState, now: number, shuffled: <Item>(items: readonly Item[]) => Item[]): void {
  const members = shuffled([...state.members])
  for (const [i, part] of shuffled(state.parts).entries()) {
    const heir = members[i % members.length]
    if (part.heir === heir) continue
    part.heir = heir
    part.wantedSince = now
  }
  wake(state)
}

const shareOf = (index: number, members: number, partitions: number): number =>
  Math.floor(partitions / members) + (index < partitions % members ? 1 : 0)

/** Members that fell silent leave; what nobody holds, or what was not let go in time, goes to its heir. */
export function settle(state: LogState, now: number, patienceMs: number): void {
  let left = false
  let moved = false
  for (const member of state.members) {
    if (!member.polling && now - member.seenAt > patienceMs) left = state.members.delete(member) || left
  }
  if (left) deal(state, now)
  for (const part of state.parts) {
    if (part.holder === part.heir) continue
    const lost = !part.holder || !state.members.has(part.holder) || now - part.wantedSince > patienceMs
    if (!lost) continue
    part.holder = part.heir
    part.term++
    moved = true
  }
  if (left || moved) wake(state)
}
