import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ActivityGroup, ActivityPage } from '@headwater/protocol'
import fc from 'fast-check'
import { comparePlaces, GroupList, newerState } from './group-list.ts'
import { makeGroup } from './testing/fake-stream.ts'

const ids = (list: GroupList) => list.visible().map((group) => group.group_id)
const page = (groups: ActivityGroup[], fields: Partial<ActivityPage> = {}): ActivityPage => ({
  activity_groups: groups,
  unread_count: 0,
  unseen_count: 0,
  filtered_unread_count: 0,
  epoch: 'e1',
  seq: 100,
  next_cursor: null,
  ...fields,
})
/** Groups a, b, c … opened one after the other, the last one first in the list. */
const g = (name: string, seq: number, fields: Partial<ActivityGroup> = {}) =>
  makeGroup(name, name.charCodeAt(0), seq, fields)

test('the newest group is first, the smaller id among equals', () => {
  const groups = [makeGroup('b', 5, 1), makeGroup('a', 5, 1), makeGroup('c', 9, 1), makeGroup('d', 1, 1)]
  assert.deepEqual(
    groups.sort(comparePlaces).map((group) => group.group_id),
    ['c', 'a', 'b', 'd'],
  )
})

test('of two states the higher version holds, in any order', () => {
  const older = g('a', 4, { is_read: true })
  const newer = g('a', 5, { is_read: false })
  assert.equal(newerState(older, newer), newer)
  assert.equal(newerState(newer, older), newer)
  assert.equal(newerState(undefined, older), older)
})

test('the same version read once stays read, whichever comes last', () => {
  const unread = g('a', 4, { new_actor_count: 3 })
  const read = g('a', 4, { is_read: true, is_seen: true, new_actor_count: 0 })
  assert.deepEqual(newerState(unread, read), read)
  assert.equal(newerState(read, unread), read)
  assert.equal(newerState(read, { ...read }), read)
})

test('before there is a page, nothing is listed', () => {
  const list = new GroupList()
  list.put(g('b', 5))
  assert.deepEqual(ids(list), [])
  list.putFirstPage(page([g('a', 1)], { seq: 4 }))
  assert.deepEqual(ids(list), ['b', 'a'])
})

test('a live group below the list waits until the list reaches it', () => {
  const list = new GroupList()
  list.putFirstPage(page([g('x', 1), g('w', 2)], { seq: 2, next_cursor: 'c' }))
  list.put(g('y', 3))
  list.put(g('m', 4))
  assert.deepEqual(ids(list), ['y', 'x', 'w'])
  // This page was read before m changed.
  list.putPage(page([g('n', 1), g('m', 2)], { seq: 3 }), list.end)
  assert.deepEqual(ids(list), ['y', 'x', 'w', 'n', 'm'])
  assert.equal(list.get('m')?.seq, 4)
})

test('when everything is listed, a live group goes where it belongs', () => {
  const list = new GroupList()
  list.putFirstPage(page([g('x', 1), g('c', 2)]))
  list.put(g('a', 3))
  list.put(g('m', 4))
  assert.deepEqual(ids(list), ['x', 'm', 'c', 'a'])
})

test('a removed group is not brought back by a late frame or page, but by what is newer', () => {
  const list = new GroupList()
  list.putFirstPage(page([g('a', 1)], { seq: 1 }))
  list.remove('a', 7)
  list.put(g('a', 6))
  list.putFirstPage(page([g('a', 5)], { seq: 5 }))
  assert.deepEqual(ids(list), [])
  list.put(g('a', 8))
  assert.deepEqual(ids(list), ['a'])
  list.remove('a', 7)
  assert.deepEqual(ids(list), ['a'])
})

test('a group that a page should list and does not is gone, with its late frames', () => {
  const list = new GroupList()
  list.putFirstPage(page([g('c', 3), g('b', 2), g('a', 1)], { seq: 3 }))
  list.put(g('d', 12))
  list.putFirstPage(page([g('c', 3), g('a', 1)], { seq: 10 }))
  assert.deepEqual(ids(list), ['d', 'c', 'a'])
  list.put(g('b', 9))
  assert.deepEqual(ids(list), ['d', 'c', 'a'])
})

test('a page says nothing about groups below it or of another type', () => {
  const list = new GroupList()
  list.putFirstPage(page([g('c', 3), g('b', 2, { event_type: 'COMMENT' }), g('a', 1)], { seq: 3 }))
  list.setFilter(['LIKE'])
  list.putFirstPage(page([g('c', 3)], { seq: 5, next_cursor: 'more' }))
  assert.deepEqual(ids(list), ['c'])
  assert.ok(list.get('b') && list.get('a'))
})

test('a new first page shortens the list to itself', () => {
  const list = new GroupList()
  list.putFirstPage(page([g('d', 4), g('c', 3)], { next_cursor: 'x' }))
  list.putPage(page([g('b', 2), g('a', 1)]), list.end)
  assert.deepEqual(ids(list), ['d', 'c', 'b', 'a'])
  list.putFirstPage(page([g('d', 4), g('c', 3)], { next_cursor: 'x' }))
  assert.deepEqual(ids(list), ['d', 'c'])
})

test('a page from the top does not shorten the list', () => {
  const list = new GroupList()
  list.putFirstPage(page([g('d', 4), g('c', 3), g('b', 2), g('a', 1)]))
  list.putPage(page([g('d', 4), g('c', 3)], { next_cursor: 'x' }), null)
  assert.deepEqual(ids(list), ['d', 'c', 'b', 'a'])
  list.trim(3)
  list.putPage(page([g('d', 4), g('c', 3)], { next_cursor: 'x' }), null)
  assert.deepEqual(ids(list), ['d', 'c', 'b'])
})

test('a filter shows at once what is known', () => {
  const list = new GroupList()
  list.putFirstPage(page([g('c', 3), g('b', 2, { event_type: 'COMMENT' }), g('a', 1)]))
  list.setFilter(['COMMENT'])
  assert.deepEqual(ids(list), ['b'])
  list.put(g('d', 4))
  list.put(g('e', 5, { event_type: 'COMMENT' }))
  assert.deepEqual(ids(list), ['e', 'b'])
  list.setFilter(null)
  assert.deepEqual(ids(list), ['e', 'd', 'c', 'b', 'a'])
})

test('marks cover the states that are not newer, before and after they come', () => {
  const list = new GroupList()
  list.putFirstPage(page([g('c', 9), g('b', 5), g('a', 3)], { seq: 9 }))
  list.mark('read', { group_ids: ['a', 'b', 'zz'], up_to_seq: 4 })
  const flags = () =>
    list.visible().map((group) => `${group.group_id}${group.is_read ? ' read' : ''}${group.is_seen ? ' seen' : ''}`)
  assert.deepEqual(flags(), ['c', 'b', 'a read seen'])
  list.mark('seen', { all_up_to_seq: 5 })
  assert.deepEqual(flags(), ['c', 'b seen', 'a read seen'])
  list.put(g('a', 10))
  assert.deepEqual(flags(), ['c', 'b seen', 'a'])
  list.mark('read', { group_ids: ['d'], up_to_seq: 20 })
  list.put(g('d', 15))
  assert.deepEqual(flags(), ['d read seen', 'c', 'b seen', 'a'])
})

test('a list that is too long is cut at the bottom, and goes on from there', () => {
  const list = new GroupList()
  list.putFirstPage(page([g('b', 2), g('a', 1)]))
  for (const name of 'cdefg') list.put(g(name, name.charCodeAt(0)))
  assert.equal(list.trim(4), true)
  assert.deepEqual(ids(list), ['g', 'f', 'e', 'd'])
  assert.equal(list.trim(4), false)
  list.put(g('b', 900))
  assert.deepEqual(ids(list), ['g', 'f', 'e', 'd'])
})

test('what is not listed is bounded as well', () => {
  const list = new GroupList()
  list.putFirstPage(page([makeGroup('top', 9_000_000, 1)], { next_cursor: 'x' }))
  for (let i = 0; i < 5_000; i++) {
    list.put(makeGroup(`g${i}`, i, i + 2))
    list.trim(500)
  }
  const kept = Array.from({ length: 5_000 }, (_, i) => `g${i}`).filter((id) => list.get(id))
  assert.ok(kept.length <= 1_000, `${kept.length} are kept`)
  assert.ok(list.get('g4999') && list.get('top'))
})

test('nothing new gives the same array and the same objects', () => {
  const list = new GroupList()
  list.putFirstPage(page([g('b', 2), g('a', 1)]))
  list.mark('read', { all_up_to_seq: 1 })
  const before = list.visible()
  list.put(g('b', 1))
  list.put(g('b', 2))
  list.remove('zz', 4)
  assert.equal(list.visible(), before)
  list.put(g('c', 3))
  assert.deepEqual(
    list
      .visible()
      .slice(1)
      .map((group, i) => group === before[i]),
    [true, true],
  )
})

test('the order in which states, removals and marks come does not matter, nor how often', () => {
  const groupId = fc.constantFrom('a', 'b', 'c', 'd')
  const seq = fc.integer({ min: 1, max: 12 })
  type Fact = (list: GroupList) => void
  // What one server says never contradicts itself: a state is a function of the group and its version.
  const fact: fc.Arbitrary<Fact> = fc.oneof(
    fc.tuple(groupId, seq).map(
      ([id, at]): Fact =>
        (list) =>
          list.put(g(id, at * 2, { is_read: at % 3 === 0 })),
    ),
    fc.tuple(groupId, seq).map(
      ([id, at]): Fact =>
        (list) =>
          list.remove(id, at * 2 + 1),
    ),
    fc.tuple(fc.constantFrom('read' as const, 'seen' as const), seq).map(
      ([kind, at]): Fact =>
        (list) =>
          list.mark(kind, { all_up_to_seq: at }),
    ),
    fc.tuple(fc.subarray(['a', 'b', 'c']), seq).map(
      ([group_ids, at]): Fact =>
        (list) =>
          list.mark('read', { group_ids, up_to_seq: at * 2 }),
    ),
  )
  const after = (facts: readonly Fact[]) => {
    const list = new GroupList()
    list.putFirstPage(page([], { seq: 0 }))
    for (const apply of facts) apply(list)
    return list.visible()
  }
  fc.assert(
    fc.property(fc.array(fact, { maxLength: 25 }), fc.infiniteStream(fc.nat()), (facts, choices) => {
      const shuffled = [...facts, ...facts.slice(0, 5)]
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = choices.next().value % (i + 1)
        ;[shuffled[i], shuffled[j]] = [shuffled[j] as Fact, shuffled[i] as Fact]
      }
      assert.deepEqual(after(shuffled), after(facts))
    }),
  )
})
