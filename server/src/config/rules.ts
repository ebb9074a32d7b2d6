import type { EventType } from '@headwater/protocol'
import type { ActivityConfig } from './schema.ts'

/** The rules of one event type: what `activity.rules` says of it, else what `activity` says of all. */
export function rulesOfType(activity: ActivityConfig, type: EventType) {
  const own = activity.rules[type]
  const windowKind = own.windowKind ?? activity.windowKind
  const tumblingMs = own.windowMs ?? activity.windowMs
  const slidingMs = own.slidingWindowMs ?? activity.slidingWindowMs
  return {
    windowKind,
    windowMs: windowKind === 'sliding' ? slidingMs : tumblingMs,
    closeAfterMs: own.closeAfterMs ?? activity.closeAfterMs,
    notifySelf: own.notifySelf ?? activity.notifySelf,
    reopenReadGroups: own.reopenReadGroups ?? activity.reopenReadGroups,
  }
}
