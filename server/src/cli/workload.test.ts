import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../lib/virtual-seams.ts'
import { Expected, groupKey } from './expected.ts'
import { activeFew, zipf } from './sampling.ts'
import { kindShares, undoShares, type WorkloadSettings, workload } from './workload.ts'

const settings: WorkloadSettings = {
  run: 'r',
  seed: 7,
  users: 500,
  eventsPerS: 1_000,
  seconds: 40,
  hotShare: 0.1,
  duplicateShare: 0.02,
  startMs: Date.UTC(2026, 0, 1),
}
const events = [...workload(settings)]
const fresh = events.filter(({ isDuplicate }) => !isDuplicate).map(({ event }) => event)
const ordinary = fresh.filter(({ object_id }) => object_id !== 'r-hot')

const near = (found: number, expected: number, tolerance: number, what: string) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `${what}: ${found}, expected ${expected} ± ${tolerance}`)

test('the same settings give the same events, another seed gives others', () => {
  assert.deepEqual([...workload(settings)], events)
  assert.notDeepEqual([...workload({ ...settings, seed: 8 })].slice(0, 50), events.slice(0, 50))
})

test('events are due at the rate asked for, in order, and created when due', () => {
  assert.equal(events.length, 40_000)
  for (const [i, { dueMs, event, isDuplicate }] of events.entries()) {
    assert.equal(dueMs, i)
    if (!isDuplicate) assert.equal(event.created_at, settings.startMs + i)
  }
})

test('kinds come in their shares', () => {
  for (const [kind, percent] of Object.entries(kindShares)) {
    const found = ordinary.filter(({ event_type }) => event_type === kind).length / ordinary.length
    near(found, percent / 100, 0.01, kind)
  }
})

test('likes, comments and follows are taken back in their shares, by whom they are from', () => {
  const added = new Set<string>()
  const text = (event: (typeof fresh)[number]) => `${event.actor_id} ${event.target_user_id} ${groupKey(event)}`
  for (const event of fresh) {
    if (event.op === 'ADD') added.add(text(event))
    else assert.ok(added.has(text(event)), 'an UNDO without its ADD')
  }
  for (const kind of Object.keys(kindShares)) {
    const ofKind = ordinary.filter(({ event_type }) => event_type === kind)
    const found = ofKind.filter(({ op }) => op === 'UNDO').length / ofKind.length
    near(found, undoShares[kind as keyof typeof undoShares] ?? 0, 0.015, `${kind} undone`)
  }
})

test('one post goes viral in the middle, each like by another actor', () => {
  const hot = events.filter(
    ({ event, isDuplicate }) => event.object_id === 'r-hot' && event.op === 'ADD' && !isDuplicate,
  )
  near(hot.length / events.length, settings.hotShare, 0.01, 'hot share')
  assert.equal(new Set(hot.map(({ event }) => event.actor_id)).size, hot.length)
  assert.ok(hot.every(({ dueMs }) => dueMs >= 16_000 && dueMs < 24_000))
})

test('duplicates are exact copies of what was sent before', () => {
  const sent = new Map<string, unknown>()
  let copies = 0
  for (const { event, isDuplicate } of events) {
    if (isDuplicate) {
      assert.deepEqual(event, sent.get(event.event_id))
      copies++
    } else assert.ok(!sent.has(event.event_id))
    sent.set(event.event_id, event)
  }
  near(copies / events.length, settings.duplicateShare, 0.005, 'duplicates')
})

test('nobody acts on what is theirs', () => {
  assert.ok(fresh.every(({ actor_id, target_user_id }) => actor_id !== target_user_id))
})

test('events gather on few posts', () => {
  const counts = new Map<string, number>()
  for (const { object_id, object_type } of ordinary) {
    if (object_type === 'POST') counts.set(object_id, (counts.get(object_id) ?? 0) + 1)
  }
  const sorted = [...counts.values()].sort((a, b) => b - a)
  const total = sorted.reduce((sum, n) => sum + n, 0)
  const topTenth = sorted.slice(0, Math.ceil(sorted.length / 10)).reduce((sum, n) => sum + n, 0)
  assert.ok(topTenth / total > 0.15 && topTenth / total < 0.9, `top tenth has ${topTenth / total}`)
})

test('a few are active, and Zipf ranks fall as 1/r', () => {
  const random = seededRandom(3)
  const draws = 50_000
  const pick = activeFew(1_000)
  let few = 0
  const ranks = new Map<number, number>()
  const rank = zipf(1_000, 1)
  for (let i = 0; i < draws; i++) {
    if (pick(random) < 100) few++
    const r = rank(random)
    ranks.set(r, (ranks.get(r) ?? 0) + 1)
  }
  near(few / draws, 0.8, 0.02, 'share of the few')
  near((ranks.get(0) ?? 0) / (ranks.get(1) ?? 1), 2, 0.2, 'first to second')
  near((ranks.get(0) ?? 0) / (ranks.get(9) ?? 1), 10, 2.5, 'first to tenth')
})

test('the expected counts are those of the newest event of each actor', () => {
  const expected = new Expected()
  const shuffled = events
    .map(({ event }) => event)
    .sort((a, b) => (a.event_id.slice(-6) < b.event_id.slice(-6) ? -1 : 1))
  for (const event of shuffled) expected.add(event)
  const again = new Expected()
  for (const { event } of events) again.add(event)
  for (const user of again.users)
    assert.deepEqual(new Map([...expected.groupsOf(user)].sort()), new Map([...again.groupsOf(user)].sort()))
  const fans = fresh.reduce((sum, { object_id, op }) => sum + (object_id !== 'r-hot' ? 0 : op === 'ADD' ? 1 : -1), 0)
  assert.equal(again.groupsOf('r-user-0').get('LIKE POST r-hot'), fans)
  assert.equal(again.largestGroup, fans)
})
