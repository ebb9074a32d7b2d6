import assert from 'node:assert/strict'
import { defaultTypeRules } from '../../../src/activity/settings.ts'
import { openEmbedded } from '../../../src/engines/embedded.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { virtualSeams } from '../../../src/lib/virtual-seams.ts'
import { type LogRecord, userOf } from '../../../src/model/log-record.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { openData } from '../../../src/server.ts'
import { actorsOf, PlainFold, type PlainUser } from '../../model/plain-fold.ts'
import type { StreamClient, Told } from './stream-client.ts'
import type { StressedServer } from './stressed-server.ts'

/**
 * Everything that must be true of a server that was stopped, whatever was done to it: nothing accepted is missing, the
 * views are what the log says, and every client holds what the log says, with each badge on the way as it was then.
 */
export async function assertWholeStory(
  server: StressedServer,
  accepted: ReadonlySet<string>,
  clients: readonly StreamClient[] = [],
): Promise<{ readonly records: number; readonly badges: number }> {
  const records = await readLog(server, accepted)
  const badges = assertClients(records, clients)
  await using data = await openData(server.config, { log: silentLog })
  const report = await data.verify(() => {})
  assert.deepEqual(report.differences.slice(0, 5), [], 'the views are not what the log says')
  return { records: records.length, badges }
}

/** The records of a stopped server, each partition in its order, after everything that was accepted was found among them. */
export async function readLog(server: StressedServer, accepted: ReadonlySet<string>): Promise<readonly LogRecord[]> {
  await using engines = await openEmbedded(server.config, virtualSeams({ now: Date.now() }))
  assert.deepEqual(engines.database.checkIntegrity(), [])
  const records = await allRecords(engines.ports.log)
  const stored = new Set<string>()
  for (const { value } of records) if (value.kind === 'event') stored.add(value.event.eventId)
  const lost = [...accepted].filter((id) => !stored.has(id))
  assert.deepEqual(lost.slice(0, 5), [], `${lost.length} of ${accepted.size} accepted events are lost`)
  return records
}

async function allRecords(log: EventLog): Promise<readonly LogRecord[]> {
  const all: LogRecord[] = []
  for (let partition = 0; partition < log.info.partitions; partition++) {
    const { start, end, committed } = await log.bounds(partition)
    assert.equal(committed, end, `partition ${partition} is worked off`)
    for (let from = start; from < end; ) {
      const { records, next } = await log.read(partition, from, 10_000)
      all.push(...records)
      from = next
    }
  }
  return all
}

/** Folds the log once more, in the plainest way, and looks at each badge that a client was told when its position comes. */
function assertClients(records: readonly LogRecord[], clients: readonly StreamClient[]): number {
  const claims = new Map<string, Map<number, Told[]>>()
  const early = new Map<string, Told[]>()
  for (const client of clients) {
    assert.deepEqual(client.faults.slice(0, 5), [], `a client of ${client.user}`)
    for (const told of client.told) claim(claims, client.user, told)
    // Before everything there is nothing.
    const told = client.toldByHello.filter(({ seq, unread, unseen }) => seq > 0 || unread > 0 || unseen > 0)
    early.set(client.user, [...(early.get(client.user) ?? []), ...told])
  }
  const marks = marksOf(records)
  const fold = new PlainFold(defaultTypeRules)
  let checked = 0
  for (const record of records) {
    const id = userOf(record.value)
    const told = early.get(id)
    if (!told) continue
    fold.fold(record)
    const user = fold.user(id)
    const possible = badgesOf(user, record.seq, marks.get(id) ?? [])
    for (const { seq, unread, unseen } of claims.get(id)?.get(record.seq) ?? []) {
      assert.ok(possible.has(`${unread}/${unseen}`), `${id} at ${seq} was told ${unread}/${unseen}: ${[...possible]}`)
      checked++
    }
    claims.get(id)?.delete(record.seq)
    // The counts of a `hello` are those of its `seq` or later, and it does not say how much.
    const open = told.filter(({ seq, unread, unseen }) => seq > record.seq || !possible.has(`${unread}/${unseen}`))
    early.set(id, open)
  }
  for (const [user, left] of claims) assert.equal(left.size, 0, `${user} was told counts of positions that never were`)
  for (const [user, left] of early) assert.deepEqual(left, [], `hello told ${user} a badge that never was`)
  for (const client of clients) assertHolds(client, fold.user(client.user))
  return checked
}

/** The marks on everything of each user. */
function marksOf(records: readonly LogRecord[]): ReadonlyMap<string, readonly { seq: number; upTo: number }[]> {
  const marks = new Map<string, { seq: number; upTo: number }[]>()
  for (const { seq, value } of records) {
    if (value.kind !== 'mark' || value.groupIds !== null || value.mark !== 'read') continue
    const own = marks.get(value.user) ?? []
    marks.set(value.user, own)
    own.push({ seq, upTo: value.upTo })
  }
  return marks
}

/** A mark counts from the moment its caller is answered, which may be before its record is folded. */
const marksAhead = 2

function badgesOf(user: PlainUser, at: number, marks: readonly { seq: number; upTo: number }[]): ReadonlySet<string> {
  const { readAll, seenAll } = user
  const badges = new Set([`${user.unread()}/${user.unseen()}`])
  for (const { upTo } of marks.filter(({ seq }) => seq > at).slice(0, marksAhead)) {
    user.readAll = Math.max(user.readAll, upTo)
    user.seenAll = Math.max(user.seenAll, upTo)
    badges.add(`${user.unread()}/${user.unseen()}`)
  }
  user.readAll = readAll
  user.seenAll = seenAll
  return badges
}

/** Its groups and its position are those of the log. */
function assertHolds(client: StreamClient, user: PlainUser): void {
  const groups = user.visible().map((group) => [group.groupId, group.seq, actorsOf(group).length] as const)
  const held = [...client.groups].map(([id, { seq, actor_count }]) => [id, seq, actor_count] as const)
  const sorted = <T extends readonly [string, ...unknown[]]>(list: readonly T[]) =>
    list.toSorted(([a], [b]) => (a < b ? -1 : 1))
  assert.deepEqual(sorted(held), sorted(groups), `groups of a client of ${client.user}`)
  if (user.head > 0) assert.equal(client.position?.seq, user.head, `position of a client of ${client.user}`)
}

function claim(claims: Map<string, Map<number, Told[]>>, user: string, told: Told): void {
  const bySeq = claims.get(user) ?? new Map<number, Told[]>()
  claims.set(user, bySeq)
  const same = bySeq.get(told.seq)
  if (same) same.push(told)
  else bySeq.set(told.seq, [told])
}
