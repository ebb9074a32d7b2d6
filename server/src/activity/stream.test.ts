import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchesOf, sampleRow, someTime } from '../conformance/samples.ts'
import { openMemory } from '../engines/memory/open.ts'
import { createMemoryStorage } from '../engines/memory/storage.ts'
import { systemSeams } from '../lib/system-seams.ts'
import { virtualSeams } from '../lib/virtual-seams.ts'
import type { Seq } from '../model/ids.ts'
import { noMarks } from '../model/marks.ts'
import { createActivityStream, type StreamPorts } from './stream.ts'

interface Stores {
  readonly head: () => Seq
  readonly rows: () => readonly Seq[]
  /** The position of the mark over all groups. */
  readonly mark?: Seq
}

/** Of a user of whom the stores know these rows and this head, which may change with every read. */
function streamOf({ mark, ...stores }: Stores) {
  const read = mark === undefined ? [] : [{ groupId: null, marks: { ...noMarks, read: { upTo: mark, seq: mark } } }]
  const ports = {
    log: { info: { epochName: 'e1' } },
    groups: {
      heads: async () => [stores.head()],
      changesSince: async (_user: string, after: Seq) => ({
        rows: stores.rows().flatMap((seq) => (seq > after ? { groupId: `of-${seq}`, seq, createdAt: 1 } : [])),
      }),
    },
    marks: { changesSince: async () => ({ marks: read }) },
    offline: { read: async () => undefined },
  }
  const views = {} as Parameters<typeof createActivityStream>[1]
  return createActivityStream(ports as unknown as StreamPorts, views, Number.MAX_SAFE_INTEGER, systemSeams)
}

const seqsOf = (answer: Awaited<ReturnType<ReturnType<typeof streamOf>['since']>>) =>
  'gap' in answer ? 'gap' : { upTo: answer.upTo, changes: answer.changes.map(({ seq }) => seq) }

test('a flush that is halfway is read again until it is done', async () => {
  let reads = 0
  const stream = streamOf({ head: () => (++reads > 5 ? 9 : 6), rows: () => [4, 9] })
  assert.deepEqual(seqsOf(await stream.since('ann', 3)), { upTo: 9, changes: [4, 9] })
})

test('a flush that stays halfway is no gap: who asks stands where they stood, and is told when it is done', async () => {
  let head = 6
  const stream = streamOf({ head: () => head, rows: () => [4, 9] })
  assert.deepEqual(seqsOf(await stream.since('ann', 3)), { upTo: 3, changes: [] })
  head = 9
  assert.deepEqual(seqsOf(await stream.since('ann', 3)), { upTo: 9, changes: [4, 9] })
})

test('a head of which there is no change is a gap', async () => {
  const stream = streamOf({ head: () => 9, rows: () => [4] })
  assert.equal(seqsOf(await stream.since('ann', 3)), 'gap')
})

test('a mark beyond the head is told in the place of one that it may hide', async () => {
  const marked = async (rows: readonly Seq[]) => {
    const answer = await streamOf({ head: () => 6, rows: () => rows, mark: 8 }).since('ann', 3)
    assert.ok('changes' in answer)
    return answer.changes.map((change) => ('marks' in change ? `mark ${change.seq}` : `row ${change.seq}`))
  }
  assert.deepEqual(await marked([4, 5]), ['row 4', 'row 5', 'mark 6'])
  assert.deepEqual(await marked([4, 6]), ['row 4', 'mark 5', 'row 6'])
  assert.deepEqual(await marked([5, 6]), ['mark 4', 'row 5', 'row 6'])
})

test('a mark beyond the head waits for its record where groups take every position: it can hide none', async () => {
  const stream = streamOf({ head: () => 6, rows: () => [4, 5, 6], mark: 8 })
  assert.deepEqual(seqsOf(await stream.since('ann', 3)), { upTo: 6, changes: [4, 5, 6] })
})

test('what the set at hand has missed is told all the same', async () => {
  const seams = virtualSeams({ now: someTime })
  const memory = openMemory(createMemoryStorage(), seams)
  await memory.unread.put('ann', { upTo: 1, rows: [], all: noMarks, marks: new Map() })
  await memory.groups.putGroups(batchesOf([sampleRow('ann', 2)]))
  await memory.groups.putHeads([{ user: 'ann', head: 2 }])
  const views = {} as Parameters<typeof createActivityStream>[1]
  const stream = createActivityStream(memory, views, 90 * 86_400_000, seams)
  assert.deepEqual(seqsOf(await stream.since('ann', 1)), { upTo: 2, changes: [2] })
})
