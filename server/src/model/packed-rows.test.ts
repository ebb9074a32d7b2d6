import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sampleRow } from '../conformance/samples.ts'
import type { Register } from './activity-group.ts'
import {
  actorsIn,
  packLists,
  packPending,
  unpackActors,
  unpackErasures,
  unpackPending,
  unpackSpans,
} from './packed-rows.ts'

const ann: Register = { actor: 'ann', createdAt: 1, eventId: 'e1', op: 'ADD', seq: 2, firstSeq: 3 }
const bob: Register = { actor: 'bob', createdAt: 4, eventId: 'e2', op: 'UNDO', seq: 5, firstSeq: 0 }
const row = sampleRow('carol', 1, {
  newestActors: [
    { ...ann, metadata: { preview: 'Sunset' } },
    { ...bob, metadata: null },
  ],
  firstSeqSpans: [{ upTo: 6, actors: 7, came: 8 }],
  erasures: [{ actorHash: 'h', seq: 9 }],
  pending: [bob, ann],
})

describe('a packed row', () => {
  test('is stored as it always was', () => {
    assert.deepEqual(packLists(row), [
      [
        ['ann', 1, 'e1', 'ADD', 2, 3, { preview: 'Sunset' }],
        ['bob', 4, 'e2', 'UNDO', 5, 0, null],
      ],
      [[6, 7, 8]],
      [],
      [['h', 9]],
    ])
    assert.equal(packPending(row.pending), '[["bob",4,"e2","UNDO",5,0],["ann",1,"e1","ADD",2,3]]')
  })

  test('comes back as it was', () => {
    const [newest, spans, previews, erasures] = packLists(row)
    assert.deepEqual(unpackActors(newest, previews), row.newestActors)
    assert.deepEqual(unpackSpans(spans), row.firstSeqSpans)
    assert.deepEqual(unpackErasures(erasures), row.erasures)
    assert.deepEqual(unpackPending(packPending(row.pending)), row.pending)
  })

  test('of before metadata was with the actors finds it among the previews', () => {
    const old = [
      [
        ['ann', 1, 'e1', 'ADD', 2, 3],
        ['bob', 4, 'e2', 'UNDO', 5, 0],
      ],
      [['ann', 1, 'e1', { preview: 'Sunset' }]],
    ] as const
    assert.deepEqual(unpackActors(old[0], old[1]), row.newestActors)
  })

  test('keeps metadata that several actors share once, and gives it to each', () => {
    const metadata = { preview: 'Sunset' }
    const newestActors = [ann, bob, ann].map((actor) => ({ ...actor, metadata: { ...metadata } }))
    const [newest] = packLists({ ...row, newestActors })
    assert.deepEqual(
      newest.map((packed) => packed[6]),
      [metadata, 1, 1],
    )
    assert.deepEqual(unpackActors(newest, []), newestActors)
  })

  test('without pending registers has none, whichever way a store says so', () => {
    assert.equal(packPending([]), null)
    for (const none of [null, undefined, '', '[]']) assert.deepEqual(unpackPending(none), [])
  })

  test('tells whose registers are pending', () => {
    assert.deepEqual(actorsIn(packPending(row.pending) ?? ''), ['bob', 'ann'])
  })
})
