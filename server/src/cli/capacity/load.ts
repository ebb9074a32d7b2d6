import { keptBehindRetentionDays } from '../../model/retention.ts'
import type { PlanInputs } from './inputs.ts'

const daySeconds = 86_400

/** What the inputs mean for the parts: rates in the busiest second, and what is kept. */
export interface Load {
  readonly meanEventsPerS: number
  /** Groups written: each carries what was folded since the last flush of it. */
  readonly flushesPerS: number
  readonly opensPerS: number
  readonly pagesPerS: number
  readonly marksPerS: number
  /** Share of the users who are told things that have a socket open. */
  readonly onlineShare: number
  readonly pushesPerS: number
  /** A tenth of the sockets comes back within half a minute. */
  readonly reconnectsPerS: number
  readonly recordsKept: number
  readonly groupsKept: number
  readonly membersKept: number
}

export function loadOf(inputs: PlanInputs): Load {
  const { dau, eventsPerS, sockets, peakToMean, viralShare, groupsPerUser, groupDays, logDays, opensPerDay } = inputs
  const meanEventsPerS = eventsPerS / peakToMean
  const foldedPerFlush = Math.max(1, (inputs.viralEventsPerS * inputs.flushMs) / 1_000)
  const flushesPerS = eventsPerS * (1 - viralShare + viralShare / foldedPerFlush)
  const storedDays = groupDays + keptBehindRetentionDays
  const pagesPerS = (dau * opensPerDay * peakToMean) / daySeconds
  const onlineShare = dau === 0 ? 0 : Math.min(1, sockets / dau)
  return {
    meanEventsPerS,
    flushesPerS,
    opensPerS: (dau * groupsPerUser * peakToMean) / groupDays / daySeconds,
    pagesPerS,
    marksPerS: pagesPerS,
    onlineShare,
    pushesPerS: flushesPerS * onlineShare,
    reconnectsPerS: (sockets * 0.1) / 30,
    recordsKept: meanEventsPerS * daySeconds * logDays,
    groupsKept: (dau * groupsPerUser * storedDays) / groupDays,
    membersKept: meanEventsPerS * daySeconds * storedDays,
  }
}
