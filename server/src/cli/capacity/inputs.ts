/** What a plan is asked for. Shares are between 0 and 1. */
export interface PlanInputs {
  /** Users who come in a day. */
  readonly dau: number
  /** Events accepted in the busiest second. */
  readonly eventsPerS: number
  /** Open sockets in the busiest minute. */
  readonly sockets: number
  /** Events of the busiest second over those of the mean second. */
  readonly peakToMean: number
  /** Share of the events that join a group which is being written anyway. */
  readonly viralShare: number
  /** Events a second that such a group gets. */
  readonly viralEventsPerS: number
  readonly flushMs: number
  /** Groups of a user in the time for which groups are kept. */
  readonly groupsPerUser: number
  /** An event as its value on the log, and as JSON in a request. */
  readonly eventBytes: number
  readonly jsonBytes: number
  /** Events in a request. */
  readonly batch: number
  /** Times a day that a user opens the list, and marks it. */
  readonly opensPerDay: number
  readonly fence: 'lwt' | 'stamp'
  /** Sockets that one gateway may have to hold, also when a zone is lost. */
  readonly socketsPerGateway: number
  /** Of the CPU, with all zones up. */
  readonly utilisation: number
  readonly zones: number
  readonly replication: number
  readonly logDays: number
  readonly groupDays: number
  /** Share of the events whose trace is kept for a day. */
  readonly tracedShare: number
}

export const planDefaults: Omit<PlanInputs, 'dau' | 'eventsPerS' | 'sockets'> = {
  peakToMean: 2.5,
  viralShare: 0.7,
  viralEventsPerS: 100,
  flushMs: 250,
  groupsPerUser: 120,
  eventBytes: 170,
  jsonBytes: 320,
  batch: 100,
  opensPerDay: 3,
  fence: 'lwt',
  socketsPerGateway: 50_000,
  utilisation: 0.6,
  zones: 3,
  replication: 3,
  logDays: 7,
  groupDays: 90,
  tracedShare: 0.01,
}
