// The fold in memory and its peer, on one thread of a process of its own. Argument: how many records.
import { takeJob } from '../../server/src/activity/flush-job.ts'
import { foldEvent } from '../../server/src/activity/fold-event.ts'
import { PartitionState } from '../../server/src/activity/partition-state.ts'
import { defaultActivitySettings } from '../../server/src/activity/settings.ts'
import { seededRandom } from '../../server/src/lib/virtual-seams.ts'
import type { ActivityEvent } from '../../server/src/model/event.ts'
import type { LogRecord } from '../../server/src/model/log-record.ts'
import { serve } from '../measuring/child.ts'
import { PlainFold } from '../peers/plain-fold.ts'

const keys = 5_000
const actors = 100_000
/** Records between two flushes: 250 ms at 100,000 events a second. */
const flushEvery = 25_000
const start = Date.UTC(2026, 0, 1)

function makeRecords(count: number): readonly LogRecord[] {
  const random = seededRandom(7)
  const pick = (below: number) => Math.floor(random.next() * below)
  return Array.from({ length: count }, (_, i): LogRecord => {
    const object = pick(keys)
    const event: ActivityEvent = {
      eventId: `0190a5a0-0000-7000-8000-${i.toString(16).padStart(12, '0')}`,
      eventType: 'LIKE',
      verb: '',
      actor: `actor-${pick(actors)}`,
      targetUser: `user-${object % 2_000}`,
      objectType: 'POST',
      objectId: `post-${object}`,
      metadata: {},
      createdAt: start + Math.floor(i / 100),
      op: pick(20) === 0 ? 'UNDO' : 'ADD',
    }
    return { partition: 0, offset: i, seq: i + 1, appendedAt: event.createdAt ?? 0, value: { kind: 'event', event } }
  })
}

const eventOf = ({ value }: LogRecord): ActivityEvent => {
  if (value.kind !== 'event') throw new TypeError('only events are made here')
  return value.event
}

/** Nanoseconds of this thread an event. */
function ours(records: readonly LogRecord[]): number {
  const state = new PartitionState(0, 0)
  return timed(records.length, () => {
    for (const record of records) {
      const event = eventOf(record)
      const window =
        state.window(event.targetUser, event) ??
        state.openWindow(
          state.user(event.targetUser, () => 0),
          event,
          0,
        )
      const user = window.owner
      let step = foldEvent(window, record, event, defaultActivitySettings)
      // A month or a bound: written, then folded.
      while (step.step === 'flush') {
        takeJob([user], 0).done()
        step = foldEvent(window, record, event, defaultActivitySettings)
      }
      if (user.isDirty) state.dirty.add(user)
      if (record.offset % flushEvery === flushEvery - 1) {
        takeJob([...state.dirty], 0).done()
        state.dirty.clear()
      }
    }
  })
}

function plain(records: readonly LogRecord[]): number {
  const fold = new PlainFold()
  return timed(records.length, () => {
    for (const record of records) fold.add(eventOf(record), record.seq)
  })
}

function timed(count: number, run: () => void): number {
  globalThis.gc?.()
  const started = process.threadCpuUsage()
  run()
  const { user, system } = process.threadCpuUsage(started)
  return ((user + system) * 1_000) / count
}

const records = makeRecords(Number(process.argv[2]))
serve({}, { ours: () => ours(records), plain: () => plain(records) })
