import type { Seams } from '../lib/seams.ts'
import { type Catalogue, createSummarize, languagesWith } from '../model/summary.ts'
import { createWishedLanguage, type WishedLanguage } from '../model/wished-language.ts'
import type { Ports } from '../ports/ports.ts'
import type { ActivityReader, ActivityStream, Deletion, ReadState } from './activity-api.ts'
import type { AggregatorMetrics } from './aggregate.ts'
import { createBadge } from './badge.ts'
import { createDeletion } from './delete.ts'
import type { KeptPages } from './kept-pages.ts'
import { LogAge } from './log-age.ts'
import { createPresent } from './present.ts'
import { createActivityReader } from './read.ts'
import { createReadState } from './read-state.ts'
import type { ActivitySettings } from './settings.ts'
import { createActivityStream } from './stream.ts'
import { ActivityWorker, type StreamWorker } from './worker.ts'
import { WorkersElsewhere } from './workers-elsewhere.ts'

/** The activity stream of one server: what routes and gateway ask, and whoever makes it. */
export interface Activity extends AsyncDisposable {
  readonly reader: ActivityReader
  readonly readState: ReadState
  readonly deletion: Deletion
  readonly stream: ActivityStream
  readonly worker: StreamWorker
  /** How long the oldest record that is not in the views has been waiting, milliseconds. */
  behindMs(): number
  /** Among the languages that summaries are made in. */
  readonly wishedLanguage: WishedLanguage
}

export interface ActivityOptions {
  readonly settings: ActivitySettings
  readonly catalogues: Readonly<Record<string, Partial<Catalogue>>>
  readonly metrics: AggregatorMetrics
  readonly onWorkerFailure: (error: unknown) => void
  /** Told of every write to `ports`; left out where others write to the same stores. */
  readonly keptPages?: KeptPages
  /** False: the log is folded by other processes. */
  readonly works?: boolean
}

/** How long a deletion waits for the worker before it answers; the worker goes on either way. */
const deletionWaitMs = 1_000

export function createActivity(ports: Ports, options: ActivityOptions, seams: Seams): Activity {
  const { settings, keptPages } = options
  const { clock, failpoint } = seams
  const badge = createBadge(ports, settings.retentionMs, seams)
  const present = createPresent(ports, createSummarize(options.catalogues), clock)
  const worker =
    options.works === false
      ? new WorkersElsewhere(ports.log, seams)
      : new ActivityWorker(ports, settings, seams, options.metrics, options.onWorkerFailure)
  // Where one process does all of it, one clock stamps the records and says how old they are.
  const behind = worker instanceof ActivityWorker && ports.soleWriter ? () => worker.behindMs : undefined
  const logAge = behind ? undefined : new LogAge(ports.log, seams)
  return {
    reader: createActivityReader(
      ports,
      { badge, present, ...(keptPages && { kept: keptPages }) },
      settings.retentionMs,
      clock,
    ),
    readState: createReadState(ports, badge, settings.retentionMs, clock, failpoint),
    deletion: createDeletion(ports, clock, () => worker.settleWithin(deletionWaitMs), failpoint),
    stream: createActivityStream(ports, { badge, present }, settings.retentionMs, seams),
    worker,
    behindMs: behind ?? (() => logAge?.ms ?? 0),
    wishedLanguage: createWishedLanguage(languagesWith(options.catalogues)),
    async [Symbol.asyncDispose]() {
      logAge?.[Symbol.dispose]()
      await worker[Symbol.asyncDispose]()
    },
  }
}
