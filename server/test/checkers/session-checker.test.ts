import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ChainFrame, Greeting, HistoryEntry, SeenGroup, SeenPage } from './history.ts'
import { checkSessions } from './session-checker.ts'
import { SmallHistory, withoutEntry, withResult } from './testing/small-history.ts'

describe('the session checker', () => {
  test('finds nothing where nothing is wrong', () => {
    assert.deepEqual(kinds(told()), [])
  })

  test('finds a frame that is missing, one that comes twice, and two that changed places', () => {
    assert.ok(kinds(withoutEntry(told(), 'frame', 1)).includes('gap'))
    const entries = told()
    const at = entries.findIndex(({ f }) => f === 'frame')
    const twice = entries.toSpliced(at, 0, entries[at] as HistoryEntry)
    assert.deepEqual(kinds(twice), ['duplicate'])
    const swapped = entries.with(at, entries[at + 1] as HistoryEntry).with(at + 1, entries[at] as HistoryEntry)
    assert.ok(kinds(swapped).includes('inversion'))
  })

  test('finds a change that a connection was passed over, even if its chain holds', () => {
    const frames = withoutEntry(told(), 'frame', 3)
    const mended = withResult(frames, 'frame', (frame: ChainFrame) => ({
      ...frame,
      prev_seq: frame.seq - 1 - Number(frame.seq === 5),
    }))
    assert.deepEqual(kinds(mended), ['gap'])
  })

  test('finds a connection that does not go on where its client stopped', () => {
    const started = (from: (hello: Greeting) => number) =>
      withResult(told(), 'connect', (hello: Greeting) => ({ ...hello, from_seq: from(hello) }), 1)
    assert.ok(kinds(started(({ from_seq }) => from_seq + 1)).includes('gap'))
    assert.ok(kinds(started(({ from_seq }) => from_seq - 1)).includes('duplicate'))
  })

  test('finds a reset without a reason, and one that should have been', () => {
    const withReset = (reason: string, epoch: string, ahead = 0) => {
      const history = stream()
      const { seq } = history.position
      history.connects('phone#2', { epoch, seq: seq + ahead })
      if (reason) history.frame('phone#2', { type: 'reset', reason, epoch: 'first', seq })
      return kinds(history.ends())
    }
    assert.deepEqual(withReset('', 'first'), [])
    for (const reason of ['epoch_changed', 'position_unknown', 'too_far_behind'])
      assert.deepEqual(withReset(reason, 'first'), ['reset'])
    assert.deepEqual(withReset('epoch_changed', 'other'), [])
    assert.deepEqual(withReset('', 'other'), ['reset'])
    assert.deepEqual(withReset('position_unknown', 'first', 7), [])
    assert.deepEqual(withReset('', 'first', 7), ['reset'])
  })

  test('finds counts that are not those of their position: in frames, greetings and pages', () => {
    const more = <T extends { readonly unread_count: number }>(shown: T) => ({
      ...shown,
      unread_count: shown.unread_count + 1,
    })
    assert.deepEqual(kinds(withResult(told(), 'frame', more, 2)), ['badge'])
    assert.deepEqual(kinds(withResult(told(), 'connect', more, 1)), ['badge'])
    assert.deepEqual(kinds(withResult(told(), 'page', more, 0)), ['badge'])
    assert.deepEqual(kinds(withResult(told(), 'final', more)), ['badge'])
    const older = (frame: ChainFrame) => ({ ...frame, counts_seq: frame.seq - 1 })
    assert.ok(kinds(withResult(told(), 'frame', older, 2)).includes('badge'))
  })

  test('takes counts that know of a mark which the worker has not come to', () => {
    const history = new SmallHistory()
    history.sends('p1', ['ann'])
    const before = history.page()
    history.marks()
    history.reads()
    const early = (page: SeenPage) => ({ ...page, seq: before.seq })
    assert.deepEqual(kinds(withResult(history.ends(), 'page', early)), [])
    const late = new SmallHistory()
    late.sends('p1', ['ann'])
    late.reads()
    for (let i = 0; i < 200; i++) late.reads('other')
    late.marks()
    const tooEarly = (page: SeenPage) => ({ ...page, unread_count: 0, unseen_count: 0 })
    assert.deepEqual(kinds(withResult(late.ends(), 'page', tooEarly, 0)), ['badge'], 'nobody had marked by then')
  })

  test('finds a group that was shown otherwise than it was at its version', () => {
    const change = (by: Partial<SeenGroup>) =>
      withResult(
        told(),
        'page',
        ({ groups: [first, ...rest], ...page }: SeenPage) => ({
          ...page,
          groups: [{ ...(first as SeenGroup), ...by }, ...rest],
        }),
        0,
      )
    assert.deepEqual(kinds(change({ actor_count: 9 })), ['invented'])
    assert.deepEqual(kinds(change({ event_count: 9 })), ['invented'])
    assert.deepEqual(kinds(change({ unread_seq: 1 })), ['invented'])
    assert.ok(kinds(change({ group_id: 'other' })).includes('invented'))
  })

  test('finds a page that lacks what was there, or has what was gone', () => {
    const lacking = ({ groups, ...page }: SeenPage) => ({ ...page, groups: groups.slice(1) })
    assert.deepEqual(kinds(withResult(told(), 'page', lacking, 0)), ['gap'])
    const history = stream()
    const before = history.page()
    history.deletes(before.groups[0]?.group_id ?? '')
    history.reads()
    const stale = (page: SeenPage) => ({ ...page, groups: before.groups })
    assert.deepEqual(kinds(withResult(history.ends(), 'page', stale)), ['invented', 'own write'])
  })

  test('finds a reader who is taken back', () => {
    const history = stream()
    const old = history.page()
    history.sends('p1', ['fay'])
    history.reads()
    history.reads()
    assert.deepEqual(kinds(withResult(history.ends(), 'page', () => old, 1)), ['monotonic'])
  })

  test('finds own marks and deletions that do not show', () => {
    const history = stream()
    const unread = history.page()
    history.marks()
    history.reads()
    const forgotten = (page: SeenPage) => ({ ...page, groups: unread.groups })
    assert.deepEqual(kinds(withResult(history.ends(), 'page', forgotten)), ['own write'])
  })

  test('finds a list that at the end is behind the log', () => {
    const behind = (page: SeenPage) => ({ ...page, seq: page.seq - 1, unread_count: 2, unseen_count: 2 })
    assert.ok(kinds(withResult(told(), 'final', behind)).includes('gap'))
  })

  for (const stored of [true, false]) {
    test(`takes an unknown outcome as it is: ${stored ? 'it had its effect' : 'it had none'}`, () => {
      const history = stream()
      history.sends('p8', ['ann'], { outcome: 'info', stored })
      history.marks({}, { outcome: 'info', stored })
      history.reads()
      history.deletes(history.page().groups[0]?.group_id ?? '', { outcome: 'info', stored })
      history.reads()
      assert.deepEqual(kinds(history.ends()), [])
    })
  }
})

function stream(): SmallHistory {
  const history = new SmallHistory()
  history.sends('p1', ['ann', 'ben'])
  history.sends('p2', ['ann'])
  return history
}

/** One connection from the beginning, another that goes on after it, and a page. */
function told(): readonly HistoryEntry[] {
  const history = new SmallHistory()
  history.connects('phone#1')
  history.sends('p1', ['ann', 'ben'])
  history.sends('p2', ['ann'])
  history.sends('p3', ['ann'])
  history.sends('p2', ['ann'], { op: 'UNDO' })
  history.connects('phone#2', history.position)
  history.sends('p1', ['dan'])
  history.sends('p2', ['eve'])
  history.reads()
  return history.ends()
}

const kinds = (history: readonly HistoryEntry[]): readonly string[] =>
  [...new Set(checkSessions(history).map(({ kind }) => kind))].sort()
