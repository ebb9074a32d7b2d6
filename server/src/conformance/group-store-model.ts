import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import type { EventType } from '@headwater/protocol'
import fc from 'fast-check'
import { type GroupRow, isVisible } from '../model/activity-group.ts'
import { keyText } from '../model/event.ts'
import type { GroupId, Seq } from '../model/ids.ts'
import type { GroupQuery, GroupStore, KeyAsk } from '../ports/group-store.ts'
import type { CaseContext } from './frame.ts'
import { batchesOf, byText, day, deleted, grown, hidden, sampleRow, someTime, withoutPending } from './samples.ts'

/** One user's groups as a map: what the promises mean, in the plainest way. */
class Model {
  head: Seq = 0
  readonly rows = new Map<GroupId, GroupRow>()

  put(row: GroupRow): 'written' | 'ahead' {
    if ((this.rows.get(row.groupId)?.applied ?? -1) >= row.applied) return 'ahead'
    this.rows.set(row.groupId, row)
    return 'written'
  }

  /** Whether no other state of the group stands at the same position. */
  isOneState(row: GroupRow): boolean {
    const known = this.rows.get(row.groupId)
    return known === undefined || known.applied !== row.applied || isDeepStrictEqual(known, row)
  }

  sorted(): GroupRow[] {
    return [...this.rows.values()].sort((a, b) => byText(a.groupId, b.groupId))
  }

  list({ after, createdFrom, types, limit }: GroupQuery): GroupRow[] {
    return this.sorted()
      .filter((row) => isVisible(row) && row.createdAt >= createdFrom && row.groupId > (after ?? ''))
      .filter((row) => types === null || types.includes(row.eventType))
      .slice(0, limit)
      .map(withoutPending)
  }

  changes(after: Seq): GroupRow[] {
    return this.sorted()
      .filter((row) => row.seq > after)
      .sort((a, b) => a.seq - b.seq)
      .map(withoutPending)
  }

  ofKey({ key, newest, times, spanMs }: KeyAsk): GroupRow[] {
    const all = this.sorted().filter((row) => keyText(row) === keyText(key))
    const near = (row: GroupRow) => times.some((time) => Math.abs(row.createdAt - time) <= spanMs)
    return all.filter((row, i) => i < newest || near(row))
  }

  unread(after: Seq, createdFrom: number): GroupRow[] {
    return this.sorted().filter((row) => isVisible(row) && row.createdAt >= createdFrom && row.unreadSeq > after)
  }
}

const types: readonly EventType[] = ['LIKE', 'COMMENT', 'FOLLOW']
const number = fc.nat(30)
const arbitraryPut = fc.record({ group: fc.nat(11), by: fc.integer({ min: -2, max: 4 }), state: fc.nat(5) })
const operations = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ puts: fc.uniqueArray(arbitraryPut, { selector: (put) => put.group, maxLength: 5 }) }),
    },
    { weight: 1, arbitrary: fc.record({ head: number }) },
    {
      weight: 4,
      arbitrary: fc.record({
        after: number,
        group: fc.nat(11),
        type: fc.nat(3),
        limit: fc.integer({ min: 1, max: 8 }),
        days: fc.nat(60),
      }),
    },
    { weight: 1, arbitrary: fc.record({ reopen: fc.constant(true) }) },
  ),
  { maxLength: 25 },
)

export async function groupStoreModel(t: CaseContext<GroupStore>): Promise<void> {
  let store = await t.open()
  await fc.assert(
    fc.asyncProperty(operations, async (steps) => {
      const user = t.user()
      const model = new Model()
      // Twelve groups of three types and two keys each, in three months.
      const groups = Array.from({ length: 12 }, (_, i) =>
        sampleRow(user, i + 1, {
          eventType: types[i % 3] as EventType,
          objectId: `post-${i % 2}`,
          createdAt: someTime - Math.floor(i / 2) * 11 * day - i,
        }),
      )
      for (const step of steps) {
        if ('puts' in step) {
          const changed = step.puts.map(({ group, by, state }) => {
            const first = groups[group] as GroupRow
            return change(model.rows.get(first.groupId) ?? first, by, state)
          })
          // Where outcomes are not told, nothing but one state may stand at one position.
          const rows = store.blind ? changed.filter((row) => model.isOneState(row)) : changed
          const batches = batchesOf(rows)
          const outcomes = await store.putGroups(batches)
          const expected = batches.map((batch) => batch.rows.map((row) => model.put(row)))
          assert.deepEqual(outcomes, store.blind ? expected.map((batch) => batch.map(() => 'written')) : expected)
        } else if ('head' in step) {
          model.head = Math.max(model.head, step.head)
          await store.putHeads([{ user, head: step.head }])
        } else if ('reopen' in step) {
          store = await t.reopen(store)
        } else {
          await compare(store, model, groups, step)
        }
      }
    }),
    { numRuns: t.modelRuns },
  )
}

function change(row: GroupRow, by: number, state: number): GroupRow {
  const applied = Math.max(0, row.applied + by)
  if (state === 0) return hidden(row, applied)
  if (state === 1) return deleted(row, applied)
  if (state === 2) return grown(row, applied, { seq: row.seq })
  return grown(row, applied, { actorCount: row.actorCount + 1, unreadSeq: applied, deletedSeq: 0 })
}

async function compare(
  store: GroupStore,
  model: Model,
  groups: readonly GroupRow[],
  { after, group, type, limit, days }: { after: number; group: number; type: number; limit: number; days: number },
): Promise<void> {
  const { user, groupId } = groups[group] as GroupRow
  const createdFrom = someTime - days * day
  const query = {
    after: group % 2 ? groupId : null,
    createdFrom,
    types: type === 3 ? null : types.slice(0, type + 1),
    limit,
  }
  assert.deepEqual(await store.heads([user]), [model.head])
  assert.deepEqual(
    await store.get(groups),
    groups.map((each) => model.rows.get(each.groupId)),
  )
  assert.deepEqual(await store.list(user, query), model.list(query))
  const changes = model.changes(after)
  const answer = await store.changesSince(user, after, limit)
  if (changes.length > limit) assert.deepEqual(answer, { gap: true })
  else assert.deepEqual('rows' in answer && answer.rows.toSorted(bySeq), changes)
  const unread = await store.unread(user, after, createdFrom)
  assert.deepEqual(
    unread.toSorted((a, b) => byText(a.groupId, b.groupId)),
    model
      .unread(after, createdFrom)
      .map(({ groupId, eventType, createdAt, unreadSeq }) => ({ groupId, eventType, createdAt, unreadSeq })),
  )
  const asks = groups
    .slice(0, 6)
    .map((key) => ({ user, key, newest: limit % 3, times: [createdFrom], spanMs: 12 * day }))
  assert.deepEqual(
    await store.ofKeys(asks),
    asks.map((ask) => model.ofKey(ask)),
  )
}

/** Rows of one record share a position; among them any order will do. */
function bySeq(a: GroupRow, b: GroupRow): number {
  return a.seq - b.seq || byText(a.groupId, b.groupId)
}
