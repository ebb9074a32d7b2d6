import { decodeLogValue } from '../model/log-codec.ts'
import type { LogValue } from '../model/log-record.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { ParkedRecord, ParkedRecords } from '../ports/parked-records.ts'
import { appendDurably } from './append-durably.ts'

export interface ParkedReplay {
  readonly replayed: readonly ParkedRecord[]
  /** They still cannot be read. */
  readonly left: readonly ParkedRecord[]
}

/**
 * Appends what can be read by now to the log again, one by one, and lets go of it. When this dies in between, the record
 * is appended once more the next time: an event that is in the log twice counts once.
 */
export async function replayParked(log: EventLog, parked: ParkedRecords): Promise<ParkedReplay> {
  const replayed: ParkedRecord[] = []
  const left: ParkedRecord[] = []
  for (const record of await parked.list()) {
    const value = decodeLogValue(record.bytes, record.user)
    if (value.kind === 'unreadable') {
      left.push(record)
      continue
    }
    await appendDurably(log, [timed(value, record.appendedAt)])
    await parked.remove([record])
    replayed.push(record)
  }
  return { replayed, left }
}

/** The log would take it for an event of now, newer than all that came since. */
function timed(value: LogValue, appendedAt: number): LogValue {
  if (value.kind !== 'event') return value
  return { kind: 'event', event: { ...value.event, createdAt: value.event.createdAt ?? appendedAt } }
}
