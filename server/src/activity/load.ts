import { limits } from '@headwater/protocol'
import { type GroupRow, keptActors, type Register } from '../model/activity-group.ts'
import { relevantGroups, undoLookBack } from '../model/choose-group.ts'
import { isGhost } from '../model/erasure.ts'
import type { GroupKey } from '../model/event.ts'
import { createdAtOf } from '../model/group-id.ts'
import type { GroupId, Seq, UserId } from '../model/ids.ts'
import type { LogRecord } from '../model/log-record.ts'
import { userOf } from '../model/log-record.ts'
import type { OpenGroup } from '../model/open-group.ts'
import { newestFirst } from '../model/register.ts'
import type { GroupStore, KeyAsk } from '../ports/group-store.ts'
import type { MemberStore, RegisterAsk } from '../ports/member-store.ts'
import { placeEvent } from './fold-event.ts'
import type { KeyWindow } from './key-window.ts'
import type { PartitionState } from './partition-state.ts'
import { type ActivitySettings, closeAfterMaxMs } from './settings.ts'
import { StaleView } from './stale-view.ts'

export interface LoadPorts {
  readonly groups: GroupStore
  readonly members: MemberStore
  /** Where one database holds all views, nobody else writes to them. */
  readonly views?: unknown
}

/** Brings what the records of one partition need into memory: few questions to the stores, whatever their number. */
export function createLoader(
  { groups, members, views }: LoadPorts,
  settings: ActivitySettings,
  monotonic: () => number,
) {
  return { prepare, loadWindows, askRegisters, allActors, newestActors, checkCurrent }

  async function prepare(state: PartitionState, records: readonly LogRecord[]): Promise<void> {
    await loadUsers(state, records)
    const windows: (KeyWindow | undefined)[] = []
    const lacking: Lacking = new Map()
    for (const { value, appendedAt } of records) {
      if (value.kind !== 'event') windows.push(undefined)
      else
        windows.push(windowOf(state, value.event.targetUser, value.event, value.event.createdAt ?? appendedAt, lacking))
    }
    await load(lacking, records[0]?.seq ?? 0)
    await prefetchRegisters(windows, records)
  }

  async function loadUsers(state: PartitionState, records: readonly LogRecord[]): Promise<void> {
    const missing = new Set<UserId>()
    for (const { value } of records) {
      const user = userOf(value)
      if (value.kind !== 'unreadable' && !state.users.has(user)) missing.add(user)
    }
    if (missing.size === 0) return
    const users = [...missing]
    const heads = await groups.heads(users)
    for (const [i, user] of users.entries()) state.user(user, () => heads[i] ?? 0)
  }

  /** The windows that the needs name, in their order. */
  async function loadWindows(
    state: PartitionState,
    needs: readonly WindowNeed[],
    next: Seq,
  ): Promise<readonly KeyWindow[]> {
    const lacking: Lacking = new Map()
    const windows = needs.map(({ user, key, time }) => windowOf(state, user, key, time, lacking))
    await load(lacking, next)
    return windows
  }

  /** Where it lacks what an event of this time needs, it is put among those to be loaded. */
  function windowOf(state: PartitionState, user: UserId, key: GroupKey, time: number, lacking: Lacking): KeyWindow {
    const owner = state.users.get(user)
    if (!owner) throw new Error('a window needs its user to be loaded')
    const window = owner.window(key) ?? state.openWindow(owner, key, windowEnd(key))
    if (window.covers(time)) return window
    const times = lacking.get(window)
    if (times) times.add(time)
    else lacking.set(window, new Set([time]))
    return window
  }

  async function load(lacking: Lacking, next: Seq): Promise<void> {
    if (lacking.size === 0) return
    const asks: KeyAsk[] = [...lacking].map(([window, times]) => ({
      user: window.owner.user,
      key: keyOf(window),
      newest: undoLookBack,
      times: [...times],
      spanMs: closeAfterMaxMs,
    }))
    const answers = await asOfOneMoment(asks, next)
    let i = 0
    for (const [window, times] of lacking) window.load(answers[i++] ?? [], [...times], next)
  }

  /**
   * Rows that are ahead of the record that is folded next are those of a worker that died, or of one that does not know
   * yet that it lost the partition. That one may write between two reads of a store, so they are asked for until two
   * answers agree.
   */
  async function asOfOneMoment(asks: readonly KeyAsk[], next: Seq): Promise<readonly (readonly GroupRow[])[]> {
    const answers = [...(await groups.ofKeys(asks))]
    if (views) return answers
    let ahead = [...answers.keys()].filter((i) => answers[i]?.some(({ applied }) => applied >= next))
    while (ahead.length > 0) {
      const again = await groups.ofKeys(ahead.map((i) => asks[i] as KeyAsk))
      ahead = ahead.filter((i, at) => {
        const before = stateOf(answers[i] ?? [])
        answers[i] = again[at] ?? []
        return stateOf(answers[i]) !== before
      })
    }
    return answers
  }

  /** `windows` has that of each record that is an event. */
  async function prefetchRegisters(
    windows: readonly (KeyWindow | undefined)[],
    records: readonly LogRecord[],
  ): Promise<void> {
    const wanted = new Map<OpenGroup, Set<UserId>>()
    for (const [i, record] of records.entries()) {
      const window = windows[i]
      if (record.value.kind !== 'event' || !window) continue
      const { event } = record.value
      if (window.knows(event.actor) || record.seq <= window.applied) continue
      for (const group of relevantGroups(window.groups, placeEvent(record, event))) {
        if (group.knows(event.actor)) continue
        const actors = wanted.get(group)
        if (actors) actors.add(event.actor)
        else wanted.set(group, new Set([event.actor]))
      }
    }
    await askRegisters([...wanted].map(([group, actors]) => ({ group, actors: [...actors] })))
  }

  async function askRegisters(asks: readonly { group: OpenGroup; actors: readonly UserId[] }[]): Promise<void> {
    if (asks.length === 0) return
    const questions: RegisterAsk[] = asks.map(({ group, actors }) => ({
      user: group.user,
      groupId: group.groupId,
      actors,
    }))
    const answers = await members.registers(questions)
    asks.forEach(({ group, actors }, i) => {
      const registers = (answers[i] ?? []).filter((register) => !isGhost(group, register))
      if (registers.some((register) => register.seq > group.applied)) throw new StaleView(group)
      const found = new Map(registers.map((register) => [register.actor, register]))
      for (const actor of actors) if (!group.registers.has(actor)) group.registers.set(actor, found.get(actor) ?? null)
    })
  }

  /** Everyone who counts, by the member table and what is newer in memory. */
  async function allActors(group: OpenGroup): Promise<readonly UserId[]> {
    const actors: UserId[] = []
    for (const register of group.registers.values()) if (register?.op === 'ADD') actors.push(register.actor)
    let after: Register | null = null
    for (;;) {
      const page: readonly Register[] = await members.list(group.user, group.groupId, after, limits.exactActors / 100)
      for (const register of page) {
        if (!group.registers.has(register.actor) && !isGhost(group, register)) actors.push(register.actor)
      }
      after = page.at(-1) ?? null
      if (!after) break
    }
    await checkCurrent(group)
    return actors
  }

  /** The newest who count, by the member table and what is newer in memory. */
  async function newestActors(group: OpenGroup): Promise<readonly Register[]> {
    const found: Register[] = []
    for (const register of group.registers.values()) if (register?.op === 'ADD') found.push(register)
    let after: Register | null = null
    let fromTable = 0
    while (!group.complete && fromTable < keptActors) {
      const page: readonly Register[] = await members.list(group.user, group.groupId, after, keptActors * 2)
      for (const register of page) {
        if (group.registers.has(register.actor) || isGhost(group, register)) continue
        found.push(register)
        fromTable++
      }
      after = page.at(-1) ?? null
      if (!after) break
    }
    if (!group.complete) await checkCurrent(group)
    return found.sort(newestFirst).slice(0, keptActors)
  }

  /** Rows are written before members: members that were read first are not ahead of a row that is not ahead. */
  async function checkCurrent(group: OpenGroup): Promise<void> {
    const [row] = await groups.get([{ user: group.user, groupId: group.groupId }])
    if (row && row.applied > group.applied) throw new StaleView(group)
  }

  function windowEnd(key: GroupKey): number {
    return monotonic() + settings.rulesOf(key.eventType).windowMs
  }
}

const stateOf = (rows: readonly GroupRow[]): string =>
  rows.map(({ groupId, applied }) => `${groupId} ${applied}`).join()

/** What is to be asked of the stores: windows, and the times of their events. */
type Lacking = Map<KeyWindow, Set<number>>

export interface WindowNeed {
  readonly user: UserId
  readonly key: GroupKey
  readonly time: number
}

/** The groups that deletions name, by their ids alone. */
export const needOf = (user: UserId, key: GroupKey, groupId: GroupId): WindowNeed => ({
  user,
  key,
  time: createdAtOf(groupId),
})

/** The bare key: stores are handed no window, with all that hangs on it. */
const keyOf = ({ eventType, verb, objectType, objectId }: GroupKey): GroupKey => ({
  eventType,
  verb,
  objectType,
  objectId,
})
