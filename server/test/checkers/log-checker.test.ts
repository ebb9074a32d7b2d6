import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LogRecord } from '../../src/model/log-record.ts'
import type { HistoryEntry, SeenPage } from './history.ts'
import { checkLog } from './log-checker.ts'
import { SmallHistory, user, withResult } from './testing/small-history.ts'

type Log = { readonly records: readonly LogRecord[] }

describe('the log checker', () => {
  test('finds nothing where nothing is wrong', () => {
    assert.deepEqual(kinds(told().ends()), [])
  })

  test('finds an event that was acknowledged and is not there', () => {
    assert.deepEqual(kinds(withLog(told().ends(), (records) => records.slice(1))), ['lost'])
  })

  test('finds an event that nobody sent, one that was refused, and one that says something else', () => {
    const history = told()
    history.sends('p9', ['mallory'], { outcome: 'fail', stored: true })
    assert.deepEqual(kinds(history.ends()), ['invented'])
    const refused = { ...eventAt(0), eventId: 'made-up' }
    assert.deepEqual(
      kinds(
        withLog(told().ends(), (records) => [
          ...records,
          { ...last(records), seq: 99, value: { kind: 'event', event: refused } },
        ]),
      ),
      ['invented'],
    )
    const changed = { ...eventAt(0), actor: 'mallory' }
    assert.deepEqual(
      kinds(
        withLog(told().ends(), ([first, ...rest]) => [
          { ...(first as LogRecord), value: { kind: 'event', event: changed } },
          ...rest,
        ]),
      ),
      ['invented'],
    )
  })

  test('finds an event that is there more often than it was sent', () => {
    const again = (records: readonly LogRecord[]) => [...records, { ...(records[0] as LogRecord), seq: 99 }]
    assert.deepEqual(kinds(withLog(told().ends(), again)), ['duplicated'])
    const history = told()
    history.resends(history.sends('p1', ['eve']))
    assert.deepEqual(kinds(history.ends()), [], 'sent twice')
  })

  test('finds events that changed places: of requests, and within a batch', () => {
    const swapped = (a: number, b: number) => (records: readonly LogRecord[]) =>
      records.map((record, i) => ({ ...record, seq: (i === a ? b : i === b ? a : i) + 1 }))
    const history = new SmallHistory()
    history.sends('p1', ['ann', 'ben'])
    history.sends('p2', ['ann'])
    const entries = history.ends()
    assert.deepEqual(kinds(withLog(entries, swapped(1, 2))), ['reordered'])
    assert.deepEqual(kinds(withLog(entries, swapped(0, 1))), ['reordered'])
  })

  test('finds a log that changes, or forgets, what was read of it', () => {
    const history = told()
    history.readsLog()
    const entries = history.ends()
    const onlyFirst = (change: (records: readonly LogRecord[]) => readonly LogRecord[]) =>
      withResult(entries, 'log', ({ records }: Log) => ({ records: change(records) }), 0)
    assert.deepEqual(kinds(onlyFirst((records) => [...records, { ...last(records), seq: 99 }])), ['lost'])
    assert.deepEqual(kinds(onlyFirst((records) => [{ ...last(records), seq: 1 }, ...records.slice(1)])), ['reordered'])
  })

  test('finds marks and deletions that are lost or that nobody asked for', () => {
    const without = (kind: string) => (records: readonly LogRecord[]) =>
      records.filter(({ value }) => value.kind !== kind)
    assert.deepEqual(kinds(withLog(told().ends(), without('mark'))), ['lost'])
    assert.deepEqual(kinds(withLog(told().ends(), without('group_deleted'))), ['lost'])
    const more = (value: LogRecord['value']) => (records: readonly LogRecord[]) => [
      ...records,
      { ...last(records), seq: 99, value },
    ]
    assert.deepEqual(
      kinds(withLog(told().ends(), more({ kind: 'mark', user, mark: 'seen', groupIds: null, upTo: 1 }))),
      ['invented'],
    )
    assert.deepEqual(kinds(withLog(told().ends(), more({ kind: 'group_deleted', user, groupId: 'other' }))), [
      'invented',
    ])
  })

  test('finds lists that hold a thing twice or are out of order', () => {
    const twice = ({ groups, ...page }: SeenPage) => ({ ...page, groups: [...groups, groups[0]] })
    assert.deepEqual(kinds(withResult(told().ends(), 'final', twice)), ['duplicated', 'reordered'])
    const turned = ({ groups, ...page }: SeenPage) => ({ ...page, groups: groups.toReversed() })
    assert.deepEqual(kinds(withResult(told().ends(), 'final', turned)), ['reordered'])
  })

  for (const stored of [true, false]) {
    test(`takes an unknown outcome as it is: ${stored ? 'it was stored' : 'it was not'}`, () => {
      const history = told()
      history.sends('p5', ['ann', 'ben'], { outcome: 'info', stored })
      history.marks({}, { outcome: 'info', stored })
      history.deletes(history.page().groups[0]?.group_id ?? '', { outcome: 'info', stored })
      assert.deepEqual(kinds(history.ends()), [])
    })
  }

  test('takes an event under a key that was stored before its answer came, and twice when it was sent twice', () => {
    const history = new SmallHistory()
    history.keyed('k', 'p7', null)
    history.sends('p1', ['ann'])
    history.keyed('k', 'p7', { status: 202, event_ids: ['derived'] })
    const event = { ...eventAt(0), eventId: 'derived', objectId: 'p7', createdAt: null }
    const at = (seq: number, record: LogRecord): LogRecord => ({ ...record, seq, value: { kind: 'event', event } })
    const entries = history.ends()
    const before = (records: readonly LogRecord[]) => [at(0, last(records)), ...records]
    assert.deepEqual(kinds(withLog(entries, before)), [])
    assert.deepEqual(kinds(withLog(entries, (records) => [...before(records), at(98, last(records))])), [])
    const thrice = (records: readonly LogRecord[]) => [...before(records), at(98, last(records)), at(99, last(records))]
    assert.deepEqual(kinds(withLog(entries, thrice)), ['duplicated'])
    assert.deepEqual(kinds(entries), ['lost'])
  })

  test('takes an event under a key whose answer never came, and finds one that means another', () => {
    const history = new SmallHistory()
    history.keyed('k', 'p7', null)
    history.sends('p1', ['ann'])
    const stored = (objectId: string) => (records: readonly LogRecord[]) => [
      ...records,
      {
        ...last(records),
        seq: 99,
        value: { kind: 'event', event: { ...eventAt(0), eventId: 'derived', objectId, createdAt: null } },
      } as LogRecord,
    ]
    const entries = history.ends()
    assert.deepEqual(kinds(withLog(entries, stored('p7'))), [])
    assert.deepEqual(kinds(withLog(entries, stored('p8'))), ['invented'])
  })
})

function told(): SmallHistory {
  const history = new SmallHistory()
  history.sends('p1', ['ann', 'ben'])
  history.sends('p2', ['ann'])
  history.sends('p3', ['dan'])
  history.marks()
  history.deletes(history.reads().groups[0]?.group_id ?? '')
  return history
}

const kinds = (history: readonly HistoryEntry[]): readonly string[] =>
  [...new Set(checkLog(history).map(({ kind }) => kind))].sort()

const withLog = (history: readonly HistoryEntry[], change: (records: readonly LogRecord[]) => readonly LogRecord[]) =>
  withResult(history, 'log', ({ records }: Log) => ({ records: change(records) }))

const last = (records: readonly LogRecord[]): LogRecord => records.at(-1) as LogRecord

function eventAt(at: number) {
  const { value } = told().records[at] as LogRecord
  assert.ok(value.kind === 'event')
  return value.event
}
