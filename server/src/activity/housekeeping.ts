import type { Settings } from '../config/schema.ts'
import type { Seams } from '../lib/seams.ts'
import { keptBehindRetentionDays } from '../model/retention.ts'
import type { Ports } from '../ports/ports.ts'
import { createDeletionSweep } from './deletion-sweep.ts'
import { createErasureSweep } from './erasure-sweep.ts'
import { activitySettings } from './settings.ts'

export interface HousekeepingSettings {
  readonly retentionMs: number
  readonly logRetentionMs: number
}

const dayMs = 86_400_000

/** Kafka drops records of its topic by itself; the server drops none that either setting keeps. */
export function housekeepingSettings(settings: Settings): HousekeepingSettings {
  const { engine, log, kafka } = settings
  const logDays = engine === 'cluster' ? Math.max(log.retentionDays, kafka.retentionDays) : log.retentionDays
  return { retentionMs: activitySettings(settings).retentionMs, logRetentionMs: logDays * dayMs }
}

const sweepEveryMs = 5_000
const purgeEveryMs = 60 * 60_000
const purgeBatch = 1_000

/** What nobody waits for: erased users are swept out of groups, and what is past its time is dropped. */
export function startHousekeeping(
  ports: Ports,
  settings: HousekeepingSettings,
  seams: Seams,
  onFailure: (task: string, error: unknown) => void,
): AsyncDisposable {
  const sweep = createErasureSweep(ports, seams.clock)
  const sweepDeletions = createDeletionSweep(ports, seams.scheduler)
  const stop = new AbortController()
  const running = new Map<string, Promise<void>>()
  const timers = [
    seams.scheduler.every(sweepEveryMs, () => run('erasure sweep', sweep)),
    seams.scheduler.every(purgeEveryMs, () => run('purge', purge)),
    seams.scheduler.every(purgeEveryMs, () => run('deletion sweep', () => sweepDeletions(stop.signal))),
  ]
  run('deletion sweep', () => sweepDeletions(stop.signal))
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      for (const timer of timers) timer[Symbol.dispose]()
      await Promise.allSettled(running.values())
    },
  }

  /** One round of a task at a time; a slow one never keeps another task from its turn. */
  function run(task: string, work: () => Promise<unknown>): void {
    if (running.has(task)) return
    const done = work()
      .then(() => {})
      .catch((error) => onFailure(task, error))
      .finally(() => running.delete(task))
    running.set(task, done)
  }

  async function purge(): Promise<void> {
    const now = seams.clock.now()
    const createdBefore = now - settings.retentionMs - keptBehindRetentionDays * dayMs
    await dropped('groups', async () => {
      while ((await ports.groups.purge({ createdBefore, limit: purgeBatch })) === purgeBatch);
    })
    // Groups that events of before a deletion would open are past retention by then.
    await dropped('tombstones', () => ports.objects.purgeTombstones(createdBefore))
    await dropped('log records', () => ports.log.trim(now - settings.logRetentionMs))
    await dropped('idempotency records', () => ports.idempotency.purge(now - dayMs))
    await dropped('devices', () => ports.devices.purge({ seenBefore: now - settings.retentionMs }))
    await dropped('revocations', () => ports.revocations.purge(now))
    await dropped('traces', () => ports.traces.purge(now - dayMs))
  }

  /** What one store refuses to drop, or cannot while it is away, keeps no other from its turn. */
  async function dropped(what: string, drop: () => Promise<unknown>): Promise<void> {
    await drop().catch((error) => onFailure(`purge of ${what}`, error))
  }
}
