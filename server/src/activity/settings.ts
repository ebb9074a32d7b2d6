import { type EventType, eventTypes } from '@headwater/protocol'
import { rulesOfType } from '../config/rules.ts'
import type { Settings } from '../config/schema.ts'
import type { GroupRules } from '../model/activity-group.ts'
import type { GroupId } from '../model/ids.ts'

/** How events of one type are folded. Durations in milliseconds. */
export interface TypeRules extends GroupRules {
  /** How long events of one key are folded in memory: from its first event, or from its newest with `sliding`. */
  readonly windowMs: number
  readonly windowKind: 'tumbling' | 'sliding'
  readonly notifySelf: boolean
}

export interface ActivitySettings {
  readonly rulesOf: (type: EventType) => TypeRules
  /** When a log is folded once more: the rules that a group was opened under, where they are others than now. */
  readonly rulesThen?: (groupId: GroupId) => GroupRules | undefined
  /** The first event of a group is written at once, later ones of a user at most this often. */
  readonly flushMs: number
  readonly retentionMs: number
  /** Open windows past this are let go early: those to which nothing came lately, oldest first. */
  readonly openWindowsMax: number
  /** Records taken from the log in one go. */
  readonly pollRecords: number
  /** Records folded while a flush is being written; past it the fold waits. */
  readonly foldAheadMax: number
  /** How long a write to a store is tried again before the worker gives up and starts over. */
  readonly retryBudgetMs: number
}

const dayMs = 86_400_000

export const defaultTypeRules: TypeRules = {
  closeAfterMs: dayMs,
  reopenReadGroups: true,
  windowMs: 5 * 60_000,
  windowKind: 'tumbling',
  notifySelf: false,
}

/** What they weigh is what V8 marks again and again; in one process they are loaded again in microseconds. */
const openWindowsOf = { embedded: 20_000, cluster: 200_000 } as const

export const defaultActivitySettings: ActivitySettings = {
  rulesOf: () => defaultTypeRules,
  flushMs: 250,
  retentionMs: 90 * dayMs,
  openWindowsMax: openWindowsOf.embedded,
  pollRecords: 4_096,
  foldAheadMax: 16_384,
  retryBudgetMs: 30_000,
}

/** The settings that section `activity` of the configuration means. */
export function activitySettings({
  activity: config,
  engine,
}: Pick<Settings, 'activity' | 'engine'>): ActivitySettings {
  const rules = new Map(eventTypes.map((type) => [type, rulesOfType(config, type)]))
  return {
    rulesOf: (type) => rules.get(type) ?? defaultTypeRules,
    flushMs: config.flushMs,
    retentionMs: config.retentionDays * dayMs,
    openWindowsMax: config.openWindowsMax ?? openWindowsOf[engine],
    pollRecords: defaultActivitySettings.pollRecords,
    foldAheadMax: defaultActivitySettings.foldAheadMax,
    retryBudgetMs: config.retryBudgetMs,
  }
}

/** No group takes in events further away than this, whatever rules it was opened under. */
export const closeAfterMaxMs = 7 * dayMs
