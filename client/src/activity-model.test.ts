import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ActivityPage, MarkResult } from '@headwater/protocol'
import fc from 'fast-check'
import { ActivityModel } from './activity-model.ts'
import type { ChainFrame } from './frame.ts'
import { FakeStream } from './testing/fake-stream.ts'

const frames = (stream: FakeStream, after = 0) => stream.framesAfter(after) as unknown as ChainFrame[]
const shown = (model: ActivityModel) => {
  const { groups, unreadCount, unseenCount } = model.view()
  const flags = groups.map((group) => `${group.group_id} ${group.is_read ? 'read' : group.is_seen ? 'seen' : 'new'}`)
  return { flags, unreadCount, unseenCount }
}

function threeUnread() {
  const stream = new FakeStream()
  for (const [index, name] of ['a', 'b', 'c'].entries()) stream.event(name, index)
  const model = new ActivityModel()
  model.firstPage(stream.page(null, 20, null))
  const catchUp = () => {
    for (const frame of frames(stream, model.shownSeq)) model.frame(frame)
  }
  return { stream, model, catchUp }
}

test('a mark shows at once and settles with the answer', () => {
  const { stream, model, catchUp } = threeUnread()
  const mark = model.markGroups('read', ['b'])
  assert.deepEqual(shown(model), { flags: ['c new', 'b read', 'a new'], unreadCount: 2, unseenCount: 2 })
  const result = stream.mark('read', { group_ids: ['b'] })
  model.marked(mark, result, true)
  assert.deepEqual(shown(model), { flags: ['c new', 'b read', 'a new'], unreadCount: 2, unseenCount: 2 })
  catchUp()
  assert.deepEqual(shown(model), { flags: ['c new', 'b read', 'a new'], unreadCount: 2, unseenCount: 2 })
})

test('the frame of a mark may come before its answer', () => {
  const { stream, model, catchUp } = threeUnread()
  const mark = model.markGroups('read', ['b'])
  const result = stream.mark('read', { group_ids: ['b'] })
  catchUp()
  assert.equal(model.view().unreadCount, 2)
  model.marked(mark, result, true)
  assert.deepEqual(shown(model), { flags: ['c new', 'b read', 'a new'], unreadCount: 2, unseenCount: 2 })
})

test('a failed mark is taken back exactly, with what came in between', () => {
  const { stream, model, catchUp } = threeUnread()
  const mark = model.markGroups('read', ['a', 'b'])
  stream.event('d', 9)
  stream.mark('read', { group_ids: ['a'] })
  catchUp()
  assert.deepEqual(shown(model), { flags: ['d new', 'c new', 'b read', 'a read'], unreadCount: 2, unseenCount: 2 })
  model.unmark(mark)
  assert.deepEqual(shown(model), { flags: ['d new', 'c new', 'b new', 'a read'], unreadCount: 3, unseenCount: 3 })
})

test('an older frame does not undo a mark; a newer actor shows through it', () => {
  const stream = new FakeStream()
  stream.event('a', 1)
  stream.event('a', 1)
  const model = new ActivityModel()
  model.firstPage(stream.page(null, 20, null))
  const [first] = frames(stream) as [ChainFrame]
  model.markGroups('read', ['a'])
  model.frame(first)
  assert.deepEqual(shown(model).flags, ['a read'])
  stream.event('a', 1)
  for (const frame of frames(stream, 2)) model.frame(frame)
  assert.deepEqual(shown(model), { flags: ['a new'], unreadCount: 1, unseenCount: 1 })
})

test('marking all shows zero, also of what is not loaded', () => {
  const { stream, model, catchUp } = threeUnread()
  model.firstPage(stream.page(null, 1, null))
  const mark = model.markAll('read')
  assert.deepEqual(shown(model), { flags: ['c read'], unreadCount: 0, unseenCount: 0 })
  stream.event('d', 9)
  catchUp()
  assert.deepEqual(shown(model), { flags: ['d new', 'c read'], unreadCount: 1, unseenCount: 1 })
  model.marked(mark, stream.mark('read', { all: true, up_to_seq: 3 }), true)
  catchUp()
  assert.deepEqual(shown(model), { flags: ['d new', 'c read'], unreadCount: 1, unseenCount: 1 })
})

test('seen never marks read', () => {
  const { stream, model, catchUp } = threeUnread()
  const mark = model.markAll('seen')
  assert.deepEqual(shown(model), { flags: ['c seen', 'b seen', 'a seen'], unreadCount: 3, unseenCount: 0 })
  model.marked(mark, stream.mark('seen', { all: true }), true)
  catchUp()
  assert.deepEqual(shown(model), { flags: ['c seen', 'b seen', 'a seen'], unreadCount: 3, unseenCount: 0 })
})

test('without a stream the answer alone settles a mark', () => {
  const { stream, model } = threeUnread()
  model.marked(model.markGroups('read', ['b']), stream.mark('read', { group_ids: ['b'] }), false)
  model.marked(model.markAll('seen'), stream.mark('seen', { all: true, up_to_seq: 3 }), false)
  assert.deepEqual(shown(model), { flags: ['c seen', 'b read', 'a seen'], unreadCount: 2, unseenCount: 0 })
})

test('without a stream a mark reaches no further than its answer says, where a page was a flush ahead', () => {
  const { stream, model } = threeUnread()
  const mark = model.markGroups('read', ['a', 'c'])
  const result = stream.mark('read', { group_ids: ['a', 'c'] })
  model.marked(mark, { ...result, seq: 2 }, false)
  assert.deepEqual(shown(model).flags, ['c new', 'b new', 'a read'])
})

test('after a reset a mark reaches no further than its answer said: its frame will never come', () => {
  const { stream, model } = threeUnread()
  const mark = model.markGroups('read', ['a', 'c'])
  const result = stream.mark('read', { group_ids: ['a', 'c'] })
  model.marked(mark, { ...result, seq: 2 }, true)
  assert.deepEqual(shown(model).flags, ['c read', 'b new', 'a read'])
  model.reset({ epoch: stream.epoch, seq: 9 })
  assert.deepEqual(shown(model).flags, ['c new', 'b new', 'a read'])
})

test('an id that is no group is not counted, and changes nothing for good', () => {
  const { stream, model, catchUp } = threeUnread()
  stream.remove('b')
  const mark = model.markGroups('read', ['b', 'nobody'])
  assert.equal(model.view().unreadCount, 2)
  const result = stream.mark('read', { group_ids: ['b', 'nobody'] })
  assert.deepEqual(result.not_found, ['b', 'nobody'])
  model.marked(mark, result, true)
  catchUp()
  assert.deepEqual(shown(model), { flags: ['c new', 'a new'], unreadCount: 2, unseenCount: 2 })
})

test('a mark that reached less far than what was seen gives way to the truth', () => {
  const { stream, model } = threeUnread()
  const mark = model.markGroups('read', ['c'])
  const answer: MarkResult = { updated_unread_count: 3, unseen_count: 3, seq: 4, not_found: [] }
  model.marked(mark, answer, true)
  assert.equal(model.view().groups[0]?.is_read, true)
  // The server had not yet stored what it had already pushed.
  const late = {
    type: 'read_state',
    epoch: stream.epoch,
    seq: 4,
    prev_seq: 3,
    unread_count: 3,
    unseen_count: 3,
    counts_seq: 4,
  }
  model.frame({ ...late, read: { group_ids: ['c'], up_to_seq: 2 }, seen: null } as unknown as ChainFrame)
  assert.deepEqual(shown(model), { flags: ['c new', 'b new', 'a new'], unreadCount: 3, unseenCount: 3 })
})

test('two marks of one group lower the count once', () => {
  const { model } = threeUnread()
  model.markGroups('read', ['b'])
  model.markGroups('seen', ['b'])
  const again = model.markGroups('read', ['b'])
  assert.deepEqual([model.view().unreadCount, model.view().unseenCount], [2, 2])
  model.unmark(again)
  assert.deepEqual([model.view().unreadCount, model.view().unseenCount], [2, 2])
})

test('where nothing is unread, no group is, even if it changed after it was seen', () => {
  const { stream, model } = threeUnread()
  const group = { ...(stream.groups(null)[0] as object), seq: 4, is_read: false }
  const update = {
    type: 'activity_group_updated',
    epoch: 'e1',
    seq: 4,
    prev_seq: 3,
    unread_count: 3,
    unseen_count: 3,
    counts_seq: 4,
    group,
  }
  model.frame(update as unknown as ChainFrame)
  const mark = { type: 'read_state', epoch: 'e1', seq: 5, prev_seq: 4, unread_count: 0, unseen_count: 0, counts_seq: 5 }
  model.frame({ ...mark, read: { all_up_to_seq: 3 }, seen: null } as unknown as ChainFrame)
  assert.deepEqual(shown(model), { flags: ['c read', 'b read', 'a read'], unreadCount: 0, unseenCount: 0 })
})

test('counts of an older position change nothing', () => {
  const { stream, model, catchUp } = threeUnread()
  const old = stream.page(null, 20, null)
  stream.event('d', 9)
  catchUp()
  model.page(old, null)
  assert.equal(model.view().unreadCount, 4)
})

test('a removed group is hidden at once; when that fails it is back', () => {
  const { stream, model, catchUp } = threeUnread()
  model.hide('b')
  assert.deepEqual(shown(model).flags, ['c new', 'a new'])
  model.unhide('b')
  assert.deepEqual(shown(model).flags, ['c new', 'b new', 'a new'])
  const late = stream.page(null, 20, null)
  stream.delete('b')
  model.removed('b', true)
  model.firstPage(late)
  catchUp()
  assert.deepEqual(shown(model), { flags: ['c new', 'a new'], unreadCount: 2, unseenCount: 2 })
})

test('another epoch begins with nothing, and may count lower', () => {
  const { model } = threeUnread()
  model.markAll('read')
  const other = new FakeStream()
  other.epoch = 'e2'
  other.event('z', 1)
  model.reset({ epoch: 'e2', seq: 1 })
  assert.deepEqual(shown(model).flags, [])
  model.firstPage(other.page(null, 20, null))
  assert.deepEqual(shown(model), { flags: ['z new'], unreadCount: 1, unseenCount: 1 })
})

test('a server that lost its newest positions is believed after its reset', () => {
  const { model } = threeUnread()
  const restored = new FakeStream()
  restored.event('a', 0)
  model.reset({ epoch: 'e1', seq: 1 })
  model.firstPage(restored.page(null, 20, null))
  assert.deepEqual(shown(model), { flags: ['a new'], unreadCount: 1, unseenCount: 1 })
})

test('the view is the same object until something changes', () => {
  const { stream, model, catchUp } = threeUnread()
  model.markGroups('read', ['b'])
  const before = model.view()
  model.firstPage(stream.page(null, 20, null))
  assert.equal(model.view(), before)
  stream.event('a', 0)
  catchUp()
  assert.notEqual(model.view(), before)
  assert.equal(model.view().groups[1], before.groups[1])
})

test('frames in any order, twice, with old pages between them, end in what the server has', () => {
  type Op = readonly ['event' | 'remove' | 'read' | 'seen' | 'all', string]
  const op = fc.tuple(
    fc.constantFrom(
      'event' as const,
      'event' as const,
      'remove' as const,
      'read' as const,
      'seen' as const,
      'all' as const,
    ),
    fc.constantFrom(...'abcdef'),
  )
  const perform = (stream: FakeStream, [what, id]: Op) => {
    if (what === 'event') stream.event(id, id.charCodeAt(0))
    if (what === 'remove') stream.remove(id)
    if (what === 'read' || what === 'seen') stream.mark(what, { group_ids: [id] })
    if (what === 'all') stream.mark('read', { all: true })
  }
  fc.assert(
    fc.property(
      fc.array(op, { minLength: 1, maxLength: 30 }),
      fc.array(fc.nat(), { minLength: 80, maxLength: 80 }),
      (ops, choices) => {
        const stream = new FakeStream()
        const pages: ActivityPage[] = []
        for (const each of ops) {
          pages.push(stream.page(null, 100, null))
          perform(stream, each)
        }
        const inputs = [...frames(stream), ...frames(stream).slice(0, 4), ...pages]
        for (const [index, choice] of choices.entries()) {
          const [i, j] = [index % inputs.length, choice % inputs.length]
          ;[inputs[i], inputs[j]] = [inputs[j] as ChainFrame, inputs[i] as ChainFrame]
        }
        const model = new ActivityModel()
        model.firstPage(new FakeStream().page(null, 100, null))
        for (const input of inputs) 'type' in input ? model.frame(input) : model.page(input, null)
        assert.deepEqual(model.view().groups, stream.groups(null))
        assert.deepEqual(
          { unread_count: model.view().unreadCount, unseen_count: model.view().unseenCount },
          stream.counts,
        )
      },
    ),
    { numRuns: 500 },
  )
})

test('a state that was on its way when its group was removed does not bring it back', () => {
  const { stream, model } = threeUnread()
  stream.event('b', 1)
  stream.delete('b')
  const [update, removal] = frames(stream, 3) as [ChainFrame, ChainFrame]
  model.hide('b')
  model.removed('b', true)
  model.frame(update)
  assert.deepEqual(shown(model).flags, ['c new', 'a new'])
  model.frame(removal)
  assert.deepEqual(shown(model).flags, ['c new', 'a new'])
})

test('after a reset lower counts are believed, also below those of an answer', () => {
  const { model } = threeUnread()
  const mark = model.markGroups('read', ['a'])
  model.marked(mark, { updated_unread_count: 2, unseen_count: 2, seq: 10, not_found: [] }, false)
  model.reset({ epoch: 'e1', seq: 7 })
  const page = new FakeStream().page(null, 20, null)
  model.firstPage({ ...page, seq: 7, unread_count: 9, unseen_count: 8 })
  assert.deepEqual([model.view().unreadCount, model.view().unseenCount], [9, 8])
})

test('when the stream has brought a mark of all, it no longer lowers the counts', () => {
  const { stream, model, catchUp } = threeUnread()
  model.markAll('read')
  stream.mark('read', { all: true })
  stream.event('d', 9)
  catchUp()
  assert.deepEqual([model.view().unreadCount, model.view().unseenCount], [1, 1])
})

test('the stream may bring a mark of several groups in parts', () => {
  const { model } = threeUnread()
  const mark = model.markGroups('read', ['a', 'b'])
  model.marked(mark, { updated_unread_count: 1, unseen_count: 1, seq: 5, not_found: [] }, true)
  const frame = { type: 'read_state', epoch: 'e1', unread_count: 1, unseen_count: 1, seen: null }
  const readState = (seq: number, groupId: string, up_to_seq: number) =>
    ({
      ...frame,
      seq,
      prev_seq: seq - 1,
      counts_seq: seq,
      read: { group_ids: [groupId], up_to_seq },
    }) as unknown as ChainFrame
  model.frame(readState(4, 'a', 0))
  assert.deepEqual(shown(model).flags, ['c new', 'b read', 'a new'])
  model.frame(readState(5, 'b', 2))
  assert.deepEqual(shown(model).flags, ['c new', 'b read', 'a new'])
})

test('of counts with one position the lowest hold, of a higher one the newest', () => {
  const { stream, model } = threeUnread()
  const before = stream.page(null, 20, null)
  const counts = (unread_count: number, unseen_count: number, seq: number) =>
    model.page({ ...before, unread_count, unseen_count, seq }, null)
  counts(2, 3, 3)
  counts(3, 1, 3)
  assert.deepEqual([model.view().unreadCount, model.view().unseenCount], [2, 1])
  counts(7, 8, 4)
  assert.deepEqual([model.view().unreadCount, model.view().unseenCount], [7, 8])
})

test('the answer to a mark of an epoch that is over changes nothing', () => {
  const { stream, model } = threeUnread()
  const mark = model.markAll('read')
  const answer = stream.mark('read', { all: true })
  const other = new FakeStream()
  other.epoch = 'e2'
  other.event('z', 1)
  model.reset({ epoch: 'e2', seq: 1 })
  model.firstPage(other.page(null, 20, null))
  model.marked(mark, answer, false)
  assert.deepEqual(shown(model), { flags: ['z new'], unreadCount: 1, unseenCount: 1 })
})

test('counts that may be old stand in where there are none, and give way', () => {
  const stale = { unread_count: 9, unseen_count: 8, epoch: 'e1', seq: 2, stale: true } as const
  const { stream, model } = threeUnread()
  model.lastKnown({ ...stale, seq: 7 })
  assert.equal(model.view().unreadCount, 3)
  const empty = new ActivityModel()
  empty.lastKnown(stale)
  assert.deepEqual([empty.view().unreadCount, empty.view().unseenCount, empty.epoch], [9, 8, 'e1'])
  empty.firstPage(stream.page(null, 20, null))
  assert.equal(empty.view().unreadCount, 3)
  empty.enterEpoch('e2')
  empty.lastKnown(stale)
  assert.deepEqual([empty.epoch, empty.view().unreadCount], ['e2', 3])
})

test('a group that was not there any more, and is again, stays', () => {
  const { stream, model, catchUp } = threeUnread()
  stream.remove('b')
  model.hide('b')
  stream.event('b', 1)
  catchUp()
  assert.deepEqual(shown(model).flags, ['c new', 'a new'])
  model.removed('b', false)
  assert.deepEqual(shown(model).flags, ['c new', 'b new', 'a new'])
})
