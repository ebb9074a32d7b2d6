import { HeadwaterError } from '../lib/error.ts'
import type { Seq } from '../model/ids.ts'
import type { LogValue } from '../model/log-record.ts'
import type { EventLog } from '../ports/event-log.ts'

/** Appends all of them and gives their positions; where it is not known whether one was stored, the caller is to do it again. */
export async function appendDurably(log: EventLog, values: readonly LogValue[]): Promise<readonly Seq[]> {
  if (values.length === 0) return []
  const outcomes = await log.append(values)
  return outcomes.map((outcome) => {
    if (outcome.stored === true) return outcome.seq
    throw new HeadwaterError('ingest_unavailable', {
      detail: 'It is not known whether this was stored; the same request again is safe',
      retryAfterS: 1,
    })
  })
}
