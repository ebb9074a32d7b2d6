import assert from 'node:assert/strict'
import { test } from 'node:test'
import { takeJob } from '../../src/activity/flush-job.ts'
import { foldEvent } from '../../src/activity/fold-event.ts'
import { PartitionState } from '../../src/activity/partition-state.ts'
import { defaultActivitySettings, defaultTypeRules } from '../../src/activity/settings.ts'
import { seededRandom } from '../../src/lib/virtual-seams.ts'
import type { LogRecord } from '../../src/model/log-record.ts'
import type { OpenGroup } from '../../src/model/open-group.ts'
import { toSeq } from '../../src/model/position.ts'
import { newestFirst } from '../../src/model/register.ts'
import { actorsOf, metadataOf, PlainFold, type PlainGroup } from '../model/plain-fold.ts'
import { createRandomEvents, pick } from '../model/random-events.ts'

const start = Date.UTC(2026, 0, 28)
const dayMs = 86_400_000

test('folding in memory comes out as the plain fold of the log, whatever the order of events', () => {
  for (let seed = 1; seed <= 150; seed++) compareRun(seed)
})

function compareRun(seed: number): void {
  const random = seededRandom(seed)
  const next = createRandomEvents(random, { users: 2, actors: 6, objects: 2, from: start, spanMs: 12 * dayMs })
  const plain = new PlainFold(defaultTypeRules)
  const state = new PartitionState(0, 0)
  for (let offset = 0; offset < 400; offset++) {
    const appendedAt = start + pick(random, 12 * 24) * 3_600_000
    const record = recordOf(offset, appendedAt, next())
    plain.fold(record)
    foldInMemory(state, record)
    if (random.next() < 0.05) deleteOne(state, plain, offset++, random.next())
  }
  for (const [id, user] of plain.users) {
    const groups = [...(state.users.get(id)?.windows ?? [])].flatMap((window) => window.groups)
    assert.equal(groups.length, user.groups.length, `seed ${seed}: number of groups of ${id}`)
    for (const expected of user.groups) {
      const group = groups.find((candidate) => candidate.groupId === expected.groupId)
      assert.ok(group, `seed ${seed}: group ${expected.groupId}`)
      assert.deepEqual(shapeOf(group), plainShapeOf(expected), `seed ${seed}: group ${expected.groupId}`)
    }
    assert.equal(state.users.get(id)?.head, user.head, `seed ${seed}: head of ${id}`)
  }
}

function recordOf(offset: number, appendedAt: number, event: Parameters<typeof foldEvent>[2]): LogRecord {
  return { partition: 0, offset, seq: toSeq(0, offset), appendedAt, value: { kind: 'event', event } }
}

function foldInMemory(state: PartitionState, record: LogRecord): void {
  if (record.value.kind !== 'event') return
  const { event } = record.value
  const user = state.user(event.targetUser, () => 0)
  const window = state.window(event.targetUser, event) ?? state.openWindow(user, event, 0)
  for (;;) {
    const step = foldEvent(window, record, event, defaultActivitySettings)
    if (step.step === 'done') return
    if (step.step === 'flush') {
      takeJob([user], 0).done()
    } else if (step.step === 'refill') {
      const all = [...step.group.registers.values()].filter((register) => register?.op === 'ADD')
      step.group.refill((all as NonNullable<(typeof all)[number]>[]).sort(newestFirst))
      return
    } else throw new Error(`nothing should have to be asked: ${step.step}`)
  }
}

function deleteOne(state: PartitionState, plain: PlainFold, offset: number, chance: number): void {
  const groups = [...state.windows.values()].flatMap((window) => window.groups)
  const group = groups[Math.floor(chance * groups.length)]
  if (!group) return
  const seq = toSeq(0, offset)
  plain.fold({
    partition: 0,
    offset,
    seq,
    appendedAt: 0,
    value: { kind: 'group_deleted', user: group.user, groupId: group.groupId },
  })
  state.users.get(group.user)?.changed(group, group.delete(seq), seq)
}

const shapeOf = (group: OpenGroup) => ({
  actors: group.actorCount,
  events: group.eventCount,
  top: group.newestActors
    .list()
    .slice(0, 3)
    .map((register) => register.actor),
  unreadSeq: group.unreadSeq,
  seq: group.seq,
  deleted: group.deleted,
  metadata: group.newestActors.list()[0]?.metadata ?? {},
  spans: group.firstSeqSpans.reduce((sum, span) => sum + span.actors, 0),
})

function plainShapeOf(group: PlainGroup): ReturnType<typeof shapeOf> {
  const actors = actorsOf(group)
  return {
    actors: actors.length,
    events: group.eventCount,
    top: actors.slice(0, 3).map((member) => member.actor),
    unreadSeq: group.unreadSeq,
    seq: group.seq,
    deleted: group.deleted,
    metadata: metadataOf(group),
    spans: actors.length,
  }
}
