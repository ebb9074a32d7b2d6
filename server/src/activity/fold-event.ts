import { monthOf } from '../model/activity-group.ts'
import { chooseGroup, joinsAtOnce } from '../model/choose-group.ts'
import type { ActivityEvent } from '../model/event.ts'
import { groupIdOf } from '../model/group-id.ts'
import type { GroupId } from '../model/ids.ts'
import type { LogRecord } from '../model/log-record.ts'
import { OpenGroup, type PlacedEvent } from '../model/open-group.ts'
import type { KeyWindow } from './key-window.ts'
import type { ActivitySettings } from './settings.ts'

/** What must happen before the record can be folded, or that it is. The record is given again after all but `done`. */
export type FoldStep =
  | { readonly step: 'done' }
  /** The registers of the actor in these groups are not known. */
  | { readonly step: 'ask'; readonly groups: readonly OpenGroup[] }
  /** What is folded of the user must be written first. */
  | { readonly step: 'flush' }
  /** All members are needed once, to go on with an estimate. */
  | { readonly step: 'estimate'; readonly group: OpenGroup }
  /** Folded, but the newest actors must be looked up before the next record. */
  | { readonly step: 'refill'; readonly group: OpenGroup }

const done: FoldStep = { step: 'done' }

export const placeEvent = (record: LogRecord, event: ActivityEvent): PlacedEvent => ({
  event,
  createdAt: event.createdAt ?? record.appendedAt,
  seq: record.seq,
})

/** Folds one event into the groups of its key, in memory. The window is loaded around the event's time. */
export function foldEvent(
  window: KeyWindow,
  record: LogRecord,
  event: ActivityEvent,
  settings: ActivitySettings,
): FoldStep {
  const placed = placeEvent(record, event)
  if (placed.seq <= window.applied) return foldAgain(window, record, event)

  const { only } = window
  if (only && joinsAtOnce(only, placed)) return join(window, record, event, placed, only)
  const choice = chooseGroup(window.groups, placed)
  switch (choice.kind) {
    case 'ask':
      return { step: 'ask', groups: choice.groups }
    case 'known': {
      const known = choice.group.register(event.actor)
      const reason = known?.eventId === event.eventId ? 'duplicate' : 'not_newer'
      trace(window, record, event, reason, choice.group.groupId)
      return done
    }
    case 'open':
      if (isOtherMonth(window, monthOf(placed.createdAt))) return { step: 'flush' }
      return open(window, record, event, placed, settings)
    case 'join':
      return join(window, record, event, placed, choice.group)
  }
}

/**
 * The record is in the rows already: a worker died after writing them. Nothing changes; but if it was the last change of
 * a group, its push may not have left.
 */
function foldAgain(window: KeyWindow, record: LogRecord, event: ActivityEvent): FoldStep {
  const user = window.owner
  const group = window.groups.find((candidate) => candidate.seq === record.seq)
  const opened = window.groups.find((candidate) => candidate.openedSeq === record.seq)
  user.touch(record.offset, record.appendedAt)
  // What follows an opening may not have been done either.
  if (opened) user.opened.set(opened, record.appendedAt)
  if (group) user.tell(group, record.seq)
  else user.nudge = true
  trace(window, record, event, null, group?.groupId ?? window.groups.at(-1)?.groupId ?? null)
  return done
}

function open(
  window: KeyWindow,
  record: LogRecord,
  event: ActivityEvent,
  placed: PlacedEvent,
  settings: ActivitySettings,
): FoldStep {
  const then = settings.rulesThen?.(groupIdOf(event.targetUser, window, placed.createdAt, placed.seq))
  const { closeAfterMs, reopenReadGroups } = then ?? settings.rulesOf(event.eventType)
  const group = OpenGroup.open(window, placed, { closeAfterMs, reopenReadGroups })
  window.add(group)
  window.owner.opened.set(group, record.appendedAt)
  window.owner.urgent = true
  return join(window, record, event, placed, group)
}

function join(
  window: KeyWindow,
  record: LogRecord,
  event: ActivityEvent,
  placed: PlacedEvent,
  group: OpenGroup,
): FoldStep {
  const user = window.owner
  if (isOtherMonth(window, group.month)) return { step: 'flush' }
  if (group.isLoaded) {
    // Of a row that was read like this nothing has changed yet, but what rides in it has to go to the members' table.
    user.touch(record.offset, record.appendedAt)
    user.changed(group, 'hidden', placed.seq)
    window.dirtyMonth = group.month
    return { step: 'flush' }
  }
  if (group.needsEstimate(placed)) return { step: 'estimate', group }

  const change = group.apply(placed)
  if (change === 'none') {
    trace(window, record, event, 'not_newer', group.groupId)
    return done
  }
  if (group.visibleSince === placed.seq) user.urgent = true
  window.dirtyMonth = group.month
  user.changed(group, change, placed.seq)
  trace(window, record, event, null, group.groupId)
  return group.needsRefill ? { step: 'refill', group } : done
}

const isOtherMonth = (window: KeyWindow, month: number): boolean =>
  window.dirtyMonth !== null && window.dirtyMonth !== month

function trace(
  window: KeyWindow,
  record: LogRecord,
  event: ActivityEvent,
  reason: string | null,
  groupId: GroupId | null,
): void {
  window.owner.touch(record.offset, record.appendedAt)
  window.owner.traces.push({ event, record, reason, groupId })
}
