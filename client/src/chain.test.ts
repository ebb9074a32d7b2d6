import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Chain, type Link } from './chain.ts'
import type { ChainFrame } from './frame.ts'

const link = (prev_seq: number, seq: number, epoch = 'e1') =>
  ({ type: 'pong', epoch, seq, prev_seq }) as unknown as ChainFrame

const cases: { name: string; frames: ChainFrame[]; links: Link[]; last: number }[] = [
  {
    name: 'links that follow are taken, whatever the distance',
    frames: [link(5, 6), link(6, 90)],
    links: ['take', 'take'],
    last: 90,
  },
  { name: 'the first one must follow on hello', frames: [link(4, 6)], links: ['broken'], last: 5 },
  {
    name: 'a hole breaks it and changes nothing',
    frames: [link(5, 6), link(7, 8)],
    links: ['take', 'broken'],
    last: 6,
  },
  {
    name: 'a frame that comes twice is dropped',
    frames: [link(5, 6), link(5, 6), link(6, 7)],
    links: ['take', 'drop', 'take'],
    last: 7,
  },
  {
    name: 'an older frame is dropped, not taken for a hole',
    frames: [link(5, 9), link(2, 3)],
    links: ['take', 'drop'],
    last: 9,
  },
  { name: 'another epoch breaks it', frames: [link(5, 6, 'e2')], links: ['broken'], last: 5 },
]

for (const { name, frames, links, last } of cases) {
  test(name, () => {
    const chain = new Chain({ epoch: 'e1', seq: 5 })
    assert.deepEqual(
      frames.map((frame) => chain.next(frame)),
      links,
    )
    assert.deepEqual(chain.last, { epoch: 'e1', seq: last })
  })
}

test('after a reset it goes on from there, in another epoch and lower too', () => {
  const chain = new Chain({ epoch: 'e1', seq: 50 })
  chain.restart({ epoch: 'e2', seq: 3 })
  assert.equal(chain.next(link(3, 4, 'e2')), 'take')
})
