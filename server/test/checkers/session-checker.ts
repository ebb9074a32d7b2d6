import { limits } from '@headwater/protocol'
import {
  type ChainFrame,
  type Greeting,
  type History,
  logOf,
  type Observation,
  type Operation,
  observations,
  operations,
  type SeenFrame,
  type SeenGroup,
  type Violation,
} from './history.ts'
import { Oracle, type UserOracle } from './oracle.ts'
import { checkReading } from './session-reading.ts'
import { countsFault, groupFault } from './shown.ts'

/**
 * What each client was shown, against the log: on a connection no gap, no repetition, nothing backwards; over reconnects
 * every change or a `reset` that has its reason; counts that are right at the position they are told with; groups as they
 * were at their version; and whoever reads again never sees less than before, nor less than what they did themselves.
 */
export function checkSessions(history: History): Violation[] {
  const oracle = new Oracle(logOf(history))
  const frames = byProc(observations(history, 'frame'))
  const found: Violation[] = []
  for (const connection of operations(history, 'connect')) {
    if (connection.outcome !== 'ok') continue
    const own = frames.get(connection.proc) ?? []
    found.push(...checkConnection(connection, own, oracle.user(connection.user)))
  }
  return [...found, ...checkReading(history, oracle)]
}

function checkConnection(
  connection: Operation<'connect'>,
  frames: readonly Observation<'frame'>[],
  oracle: UserOracle,
): Violation[] {
  const { user, proc, result: hello } = connection
  const found: Violation[] = []
  const tell = (kind: string, detail: string) => found.push({ kind, user, detail: `${proc}: ${detail}` })
  const first = frames[0]?.result
  checkStart(connection, first?.type === 'reset' ? first.reason : null, oracle, tell)
  const fault = countsFault(oracle, hello.seq, hello, connection.ended, true)
  if (fault) tell('badge', `hello: ${fault}`)

  let position = hello.from_seq
  let from = hello.from_seq
  let told = new Map<string, number>()
  for (const { result: frame, t } of frames) {
    if (frame.type === 'reset') {
      if (frame.seq < position) tell('inversion', `reset at ${frame.seq}, and the connection stood at ${position}`)
      position = from = frame.seq
      told = new Map()
      continue
    }
    checkLink(frame, position, hello, tell)
    position = frame.seq
    if (frame.counts_seq < frame.seq) tell('badge', `the counts of ${frame.seq} are from ${frame.counts_seq}`)
    const wrong = countsFault(oracle, frame.counts_seq, frame, t, false)
    if (wrong) tell('badge', `${frame.type} ${frame.seq}: ${wrong}`)
    checkGroup(frame, oracle, told, tell)
  }
  checkComplete({ from, position, told }, oracle, tell)
  return found
}

type Tell = (kind: string, detail: string) => void
type Reset = Extract<SeenFrame, { type: 'reset' }>

/** A connection goes on where its client stopped, unless a reset tells why it cannot. */
function checkStart(
  { args, result: hello }: Operation<'connect'>,
  reason: string | null,
  oracle: UserOracle,
  tell: Tell,
): void {
  const { resume } = args
  if (!resume) return
  const isOther = resume.epoch !== hello.epoch
  const isAhead = resume.seq > hello.seq
  if (reason === null) {
    if (isOther) tell('reset', `resumed from epoch ${resume.epoch} in ${hello.epoch} without a reset`)
    else if (isAhead && resume.seq > oracle.head)
      tell('reset', `resumed from ${resume.seq}, which is ahead, without a reset`)
    else if (hello.from_seq > resume.seq) tell('gap', `resumed from ${resume.seq}, and it began at ${hello.from_seq}`)
    else if (hello.from_seq < resume.seq)
      tell('duplicate', `resumed from ${resume.seq}, and it began at ${hello.from_seq}`)
    return
  }
  const changes = oracle.changesBetween(resume.seq, hello.seq)
  const isJustified =
    (reason === 'epoch_changed' && isOther) ||
    (reason === 'position_unknown' && isAhead) ||
    (reason === 'too_far_behind' && changes > limits.catchUpChanges) ||
    reason === 'slow_consumer'
  if (!isJustified)
    tell('reset', `${reason} at ${hello.seq} for who came from ${resume.epoch}:${resume.seq}, ${changes} changes ago`)
}

function checkLink(frame: ChainFrame, position: number, hello: Greeting, tell: Tell): void {
  if (frame.epoch !== hello.epoch) tell('reset', `a frame of epoch ${frame.epoch} in ${hello.epoch}`)
  if (frame.seq === position) tell('duplicate', `${frame.seq} twice`)
  else if (frame.seq < position) tell('inversion', `${frame.seq} after ${position}`)
  if (frame.prev_seq > position)
    tell('gap', `${frame.seq} follows ${frame.prev_seq}, and the connection stood at ${position}`)
  else if (frame.prev_seq < position && frame.seq > position)
    tell('duplicate', `${frame.seq} follows ${frame.prev_seq}, and the connection stood at ${position}`)
}

function checkGroup(frame: Exclude<SeenFrame, Reset>, oracle: UserOracle, told: Map<string, number>, tell: Tell): void {
  if (frame.type === 'read_state') return
  const id = frame.type === 'activity_group_removed' ? frame.group_id : frame.group.group_id
  told.set(id, frame.seq)
  if (frame.type === 'activity_group_removed') {
    const version = oracle.groupAt(id, frame.seq)
    if (version?.visible) tell('invented', `group ${id} was removed at ${frame.seq}, and it is there`)
    return
  }
  const group: SeenGroup = frame.group
  if (group.seq !== frame.seq) tell('inversion', `a frame at ${frame.seq} with a group at ${group.seq}`)
  const fault = groupFault(oracle, group)
  if (fault) tell('invented', fault)
}

/** What changed for the last time on the way to where the connection stands was told at that position. */
function checkComplete(
  end: { readonly from: number; readonly position: number; readonly told: ReadonlyMap<string, number> },
  oracle: UserOracle,
  tell: Tell,
): void {
  for (const { groupId, seq, visible } of oracle.settledBetween(end.from, end.position)) {
    // Who was never told of a group need not be told that it is gone.
    if (end.told.get(groupId) === seq || (!visible && !end.told.has(groupId))) continue
    tell('gap', `stood at ${end.position} and was not told of ${groupId} at ${seq}`)
  }
}

function byProc<T extends { readonly proc: string }>(items: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const found = new Map<string, T[]>()
  for (const item of items) {
    const own = found.get(item.proc)
    if (own) own.push(item)
    else found.set(item.proc, [item])
  }
  return found
}
