import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleEvent } from '../conformance/samples.ts'
import { openMemory } from '../engines/memory/open.ts'
import { createMemoryStorage } from '../engines/memory/storage.ts'
import { virtualSeams } from '../lib/virtual-seams.ts'
import type { LogValue } from '../model/log-record.ts'
import { foldRest } from './fold-rest.ts'
import { replay } from './replay.ts'
import { defaultActivitySettings } from './settings.ts'

const like = (n: number, objectId: string): LogValue => ({
  kind: 'event',
  event: sampleEvent('carol', n, { eventType: 'LIKE', objectId, op: 'ADD', createdAt: null }),
})

test('an erasure that is folded again leaves the stream of the user who was made anew', async () => {
  const seams = virtualSeams()
  const ports = openMemory(createMemoryStorage(), seams)
  await ports.log.append([
    like(1, 'p1'),
    { kind: 'user_erased', user: 'carol' },
    like(2, 'p2'),
    { kind: 'mark', user: 'carol', mark: 'read', groupIds: null, upTo: 3 },
  ])
  const view = async () => {
    const rows = await ports.groups.list('carol', { after: null, createdFrom: 0, types: null, limit: 10 })
    const [head] = await ports.groups.heads(['carol'])
    return { objects: rows.map((row) => row.objectId), head, marks: (await ports.marks.get('carol', [])).all.read }
  }
  await foldRest(ports, defaultActivitySettings, seams)
  const expected = { objects: ['p2'], head: 4, marks: { upTo: 3, seq: 4 } }
  assert.deepEqual(await view(), expected)
  const seen: unknown[] = []
  const failpoint = async (name: string) => {
    if (name === 'fold.user-erased') seen.push(await view())
  }
  await replay(ports, defaultActivitySettings, { ...seams, failpoint })
  assert.deepEqual(seen, [expected])
  assert.deepEqual(await view(), expected)
})
