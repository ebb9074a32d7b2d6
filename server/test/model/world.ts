import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { Aggregator, silentMetrics } from '../../src/activity/aggregate.ts'
import { createBadge } from '../../src/activity/badge.ts'
import { createPresent } from '../../src/activity/present.ts'
import { createActivityReader } from '../../src/activity/read.ts'
import { createReadState } from '../../src/activity/read-state.ts'
import { type ActivitySettings, defaultActivitySettings, defaultTypeRules } from '../../src/activity/settings.ts'
import { createActivityStream } from '../../src/activity/stream.ts'
import type { VirtualSeams } from '../../src/lib/virtual-seams.ts'
import type { UserId } from '../../src/model/ids.ts'
import type { LogValue } from '../../src/model/log-record.ts'
import { createSummarize } from '../../src/model/summary.ts'
import type { Ports } from '../../src/ports/ports.ts'
import { actorsOf, metadataOf, PlainFold, type PlainUser } from './plain-fold.ts'

/** Long enough for months of events; expiry has tests of its own. */
const retentionMs = 3_650 * 86_400_000

/** The stream's features as an API server has them, on its own view of the engines. */
export function createApi(ports: Ports, seams: VirtualSeams) {
  const badge = createBadge(ports, retentionMs, seams)
  const present = createPresent(ports, createSummarize(), seams.clock)
  return {
    ports,
    badge,
    reader: createActivityReader(ports, { badge, present }, retentionMs, seams.clock),
    readState: createReadState(ports, badge, retentionMs, seams.clock),
    stream: createActivityStream(ports, { badge, present }, retentionMs, seams),
    /** Appends until it is known to be stored: it may then be in the log more than once. */
    async append(value: LogValue): Promise<void> {
      for (let attempt = 1; attempt <= 20; attempt++) {
        const [outcome] = await ports.log.append([value]).catch(() => [undefined])
        if (outcome?.stored === true) return
      }
      throw new Error('the log took nothing in twenty attempts')
    },
  }
}

export type Api = ReturnType<typeof createApi>

export const worldSettings: ActivitySettings = {
  ...defaultActivitySettings,
  rulesOf: () => ({ ...defaultTypeRules, windowMs: 20_000 }),
  flushMs: 250,
  retentionMs,
  openWindowsMax: 40,
  pollRecords: 16,
  retryBudgetMs: 4_000,
}

/** A worker on its own view of the engines, which may die and is then gone. */
export class TestWorker {
  readonly aggregator: Aggregator
  failure: unknown = null
  readonly #running: Promise<void>

  constructor(ports: Ports, seams: VirtualSeams) {
    this.aggregator = new Aggregator(ports, worldSettings, seams, silentMetrics)
    this.#running = this.aggregator.run().catch((error) => {
      this.failure = error ?? new Error('failed')
    })
  }

  get isDead(): boolean {
    return this.failure !== null
  }

  stop(): Promise<void> {
    void this.aggregator[Symbol.asyncDispose]()
    return this.#running
  }
}

/** Lets everything that can happen without time passing happen. */
export async function rest(turns = 3): Promise<void> {
  for (let i = 0; i < turns; i++) await setImmediate()
}

/** Passes time until `done` says so. */
export async function passUntil(
  seams: VirtualSeams,
  what: string,
  done: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let step = 0; step < 4_000; step++) {
    if (await done()) return
    await rest()
    seams.time.advance(Math.min(500, seams.time.nextIn ?? 500))
    await rest()
  }
  assert.fail(`it never came to pass: ${what}`)
}

/** The log as it came to be, folded in the plainest way. */
export async function foldLog(log: Ports['log']): Promise<PlainFold> {
  const plain = new PlainFold(defaultTypeRules)
  for (let partition = 0; partition < log.info.partitions; partition++) {
    let from = (await log.bounds(partition)).start
    for (;;) {
      const page = await log.read(partition, from, 1_000)
      for (const record of page.records) plain.fold(record)
      if (page.records.length === 0) break
      from = page.next
    }
  }
  return plain
}

export async function isDone(log: Ports['log']): Promise<boolean> {
  for (let partition = 0; partition < log.info.partitions; partition++) {
    const { end, committed } = await log.bounds(partition)
    if (committed < end) return false
  }
  return true
}

/** Groups, members, badge and head of one user, as pages show them, against the plain fold. */
export async function assertAsPlain(api: Api, id: UserId, plain: PlainUser, context: string): Promise<void> {
  const expected = plain.visible()
  const shown = await allGroups(api, id)
  assert.deepEqual(
    shown.map((group) => group.group_id),
    expected.map((group) => group.groupId),
    `${context}: groups of ${id}`,
  )
  for (const [i, group] of expected.entries()) {
    const actors = actorsOf(group)
    const { readUpTo, seenUpTo } = { readUpTo: plain.readUpTo(group), seenUpTo: plain.seenUpTo(group) }
    const found = shown[i]
    assert.deepEqual(
      found && {
        actors: found.actor_count,
        fresh: found.new_actor_count,
        events: found.event_count,
        top: found.top_actors.map((actor) => actor.id),
        metadata: found.metadata,
        read: found.is_read,
        seen: found.is_seen,
        seq: found.seq,
      },
      {
        actors: actors.length,
        fresh: actors.filter((actor) => actor.firstSeq > seenUpTo).length,
        events: group.eventCount,
        top: actors.slice(0, 3).map((actor) => actor.actor),
        metadata: metadataOf(group),
        read: group.unreadSeq <= readUpTo,
        seen: group.unreadSeq <= seenUpTo,
        seq: group.seq,
      },
      `${context}: group ${group.groupId} of ${id}`,
    )
    const members = await allActors(api, id, group.groupId)
    assert.deepEqual(
      members,
      actors.map((actor) => actor.actor),
      `${context}: members of ${group.groupId}`,
    )
  }
  const badge = await api.badge(id)
  const counts = { upTo: badge.upTo, unread: badge.unread, unseen: badge.unseen }
  assert.deepEqual(
    counts,
    { upTo: plain.head, unread: plain.unread(), unseen: plain.unseen() },
    `${context}: badge of ${id}`,
  )
}

export async function allGroups(api: Api, user: UserId) {
  const groups = []
  for (let after: string | null = null; ; ) {
    const page = await api.reader.page(user, { after, limit: 7, types: null, locale: null })
    groups.push(...page.groups)
    after = page.next
    if (!after) return groups
  }
}

async function allActors(api: Api, user: UserId, groupId: string): Promise<UserId[]> {
  const actors: UserId[] = []
  for (let after: Parameters<Api['reader']['actors']>[2] = null; ; ) {
    const page = await api.reader.actors(user, groupId, after, 3)
    actors.push(...(page?.actors ?? []).map((actor) => actor.id))
    after = page?.next ?? null
    if (!after) return actors
  }
}
