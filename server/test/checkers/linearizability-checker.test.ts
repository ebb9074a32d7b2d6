import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HistoryEntry, MarkArgs, SeenGroup, SeenPage } from './history.ts'
import { checkLinearizability } from './linearizability-checker.ts'
import { SmallHistory, withResult } from './testing/small-history.ts'

const kinds = (history: readonly HistoryEntry[]): readonly string[] =>
  [...new Set(checkLinearizability(history).map(({ kind }) => kind))].sort()

describe('linearizability of marks', () => {
  const marked = (by: 'all' | 'group'): SmallHistory => {
    const history = new SmallHistory()
    history.sends('p1', ['ann'])
    const [group] = history.reads().groups
    history.marks(by === 'all' ? {} : { group_ids: [group?.group_id ?? ''] })
    history.reads()
    history.sends('p1', ['ben'])
    history.reads()
    history.reads()
    return history
  }
  const allRead = (isRead: boolean) => (page: SeenPage) => ({
    ...page,
    groups: page.groups.map((group) => ({ ...group, is_read: isRead })),
  })

  for (const by of ['all', 'group'] as const) {
    test(`of ${by}: finds a mark that does not show, one that goes back, and one that covers what came later`, () => {
      const entries = marked(by).ends()
      assert.deepEqual(kinds(entries), [])
      assert.deepEqual(kinds(withResult(entries, 'page', allRead(false), 1)), ['mark'])
      assert.deepEqual(kinds(withResult(entries, 'page', allRead(true), 0)), ['mark'])
      const late = withResult(entries, 'page', allRead(true), 3)
      // A mark of one group does not say how far it went; but what was unread after it, it did not cover.
      assert.deepEqual(kinds(late), ['mark'])
    })
  }

  test('a group that the answer says was not found is not marked', () => {
    const unread = withResult(marked('group').ends(), 'page', allRead(false), 1)
    assert.deepEqual(kinds(unread), ['mark'])
    const ids = unread.flatMap(({ f, type, args }) =>
      f === 'mark' && type === 'invoke' ? ((args as MarkArgs).group_ids ?? []) : [],
    )
    assert.equal(ids.length, 1)
    assert.deepEqual(kinds(withResult(unread, 'mark', (result: object) => ({ ...result, not_found: ids }), 0)), [])
  })

  for (const stored of [true, false]) {
    test(`takes a mark whose outcome is unknown: ${stored ? 'it counts' : 'it does not'}`, () => {
      const history = new SmallHistory()
      history.sends('p1', ['ann'])
      history.reads()
      history.marks({}, { outcome: 'info', stored })
      history.reads()
      history.reads()
      const entries = history.ends()
      assert.deepEqual(kinds(entries), [])
      const forgotten = withResult(withResult(entries, 'page', allRead(true), 1), 'page', allRead(false), 2)
      assert.deepEqual(kinds(forgotten), ['mark'], 'but not first the one and then the other')
    })
  }
})

describe('linearizability of groups that open and close', () => {
  const door = (): SmallHistory => {
    const history = new SmallHistory()
    history.reads()
    history.sends('p1', ['ann', 'ben'])
    history.reads()
    history.sends('p1', ['ben'], { op: 'UNDO' })
    const [group] = history.reads().groups
    history.deletes(group?.group_id ?? '')
    history.reads()
    history.sends('p1', ['dan'])
    history.reads()
    return history
  }
  const pageOf = (at: number) =>
    door().entries.filter(({ f, type }) => f === 'page' && type === 'ok')[at]?.result as SeenPage

  test('takes it as it should be, also when events show later than they were accepted', () => {
    const entries = door().ends()
    assert.deepEqual(kinds(entries), [])
    assert.deepEqual(kinds(withResult(entries, 'page', () => pageOf(0), 1)), [])
    assert.deepEqual(kinds(withResult(entries, 'page', () => pageOf(3), 4)), [])
  })

  test('finds a group that opens again after it was deleted', () => {
    assert.deepEqual(kinds(withResult(door().ends(), 'page', () => pageOf(2), 3)), ['open group'])
    const old = pageOf(2).groups[0]?.group_id ?? ''
    const again = (page: SeenPage) => ({ ...page, groups: page.groups.map((group) => ({ ...group, group_id: old })) })
    assert.deepEqual(kinds(withResult(door().ends(), 'page', again, 4)), ['open group'])
  })

  test('finds a count that no set of events gives, and an UNDO that is forgotten again', () => {
    const counted = (actor_count: number) => (page: SeenPage) => ({
      ...page,
      groups: page.groups.map((group: SeenGroup) => ({ ...group, actor_count })),
    })
    assert.deepEqual(kinds(withResult(door().ends(), 'page', counted(3), 1)), ['open group'])
    const history = door()
    history.reads()
    assert.deepEqual(kinds(withResult(history.ends(), 'page', counted(2), 5)), ['open group'])
  })

  test('finds a group that is there and could not be deleted', () => {
    assert.deepEqual(kinds(withResult(door().ends(), 'delete', () => ({ found: false }))), ['open group'])
  })

  for (const stored of [true, false]) {
    test(`takes what is unknown: ${stored ? 'it had its effect' : 'it had none'}`, () => {
      const history = new SmallHistory()
      history.sends('p1', ['ann'])
      const [group] = history.reads().groups
      history.sends('p1', ['ben'], { outcome: 'info', stored })
      history.reads()
      history.deletes(group?.group_id ?? '', { outcome: 'info', stored })
      history.reads()
      assert.deepEqual(kinds(history.ends()), [])
    })
  }
})

describe('linearizability of idempotency records', () => {
  const first = { status: 202, event_ids: ['one'] }
  const told = (
    ...answers: readonly (readonly [object: string, answer: { status: number; event_ids: string[] } | null])[]
  ) => {
    const history = new SmallHistory()
    for (const [object, answer] of answers) history.keyed('k', object, answer)
    return kinds(history.ends())
  }

  test('the same again is answered as the first time, another body is refused', () => {
    assert.deepEqual(told(['p1', first], ['p1', first], ['p2', { status: 422, event_ids: [] }]), [])
  })

  test('finds a second effect, another body that is taken, and refusals without a reason', () => {
    assert.deepEqual(told(['p1', first], ['p1', { status: 202, event_ids: ['two'] }]), ['idempotency'])
    assert.deepEqual(told(['p1', first], ['p2', { status: 202, event_ids: ['two'] }]), ['idempotency'])
    assert.deepEqual(told(['p1', { status: 422, event_ids: [] }], ['p1', first]), ['idempotency'])
    assert.deepEqual(told(['p1', first], ['p1', { status: 409, event_ids: [] }]), ['idempotency'])
  })

  test('takes an unknown outcome as it is: it was noted, is under way still, or never came', () => {
    assert.deepEqual(told(['p1', null], ['p1', first]), [])
    assert.deepEqual(told(['p1', null], ['p2', first]), [])
    assert.deepEqual(told(['p1', null], ['p2', { status: 422, event_ids: [] }]), [])
    assert.deepEqual(told(['p1', null], ['p1', { status: 409, event_ids: [] }], ['p1', first]), [])
    assert.deepEqual(told(['p1', null], ['p2', { status: 422, event_ids: [] }], ['p2', first]), ['idempotency'])
  })
})
