import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchesOf, sampleRow, someTime } from '../conformance/samples.ts'
import { openMemory } from '../engines/memory/open.ts'
import { createMemoryStorage } from '../engines/memory/storage.ts'
import { HeadwaterError } from '../lib/error.ts'
import { virtualSeams } from '../lib/virtual-seams.ts'
import type { UnreadSets } from '../ports/unread-sets.ts'
import { createBadge } from './badge.ts'
import { createReadState } from './read-state.ts'

test('a mark that the cache could not be told of counts in its own answer', async () => {
  const seams = virtualSeams({ now: someTime })
  const memory = openMemory(createMemoryStorage(), seams)
  await memory.groups.putGroups(batchesOf([sampleRow('carol', 1), sampleRow('carol', 2)]))
  await memory.groups.putHeads([{ user: 'carol', head: 2 }])
  let isAway = false
  const unread: UnreadSets = {
    ...memory.unread,
    async mark(...asked) {
      if (isAway) throw new HeadwaterError('store_unavailable')
      return memory.unread.mark(...asked)
    },
  }
  const ports = { ...memory, unread }
  const badge = createBadge(ports, 90 * 86_400_000, seams)
  assert.equal((await badge('carol')).unread, 2)
  isAway = true
  const { mark } = createReadState(ports, badge, 90 * 86_400_000, seams.clock)
  const answer = await mark('carol', 'read', { groupIds: [sampleRow('carol', 1).groupId] })
  assert.deepEqual([answer.updated_unread_count, answer.unseen_count, answer.not_found], [1, 1, []])
})
