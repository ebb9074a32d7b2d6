import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemory } from '../engines/memory/open.ts'
import { createMemoryStorage } from '../engines/memory/storage.ts'
import { HeadwaterError, UnknownOutcome } from '../lib/error.ts'
import { virtualSeams } from '../lib/virtual-seams.ts'
import { partNames, watchParts } from './watched-parts.ts'

function openWatched() {
  const seams = virtualSeams({ seed: 1 })
  const memory = openMemory(createMemoryStorage({ partitions: 2 }), seams)
  let failure: Error | undefined
  const users = {
    ...memory.users,
    get: (ids: readonly string[]) => (failure ? Promise.reject(failure) : memory.users.get(ids)),
  }
  const { ports, parts } = watchParts({ ...memory, users }, seams.clock)
  return {
    memory,
    ports,
    parts,
    time: seams.time,
    fail(error: Error | undefined) {
      failure = error
    },
  }
}

test('every port belongs to one part, and all work as before', async () => {
  const { memory, ports, parts } = openWatched()
  for (const name of Object.keys(memory) as (keyof typeof memory)[]) {
    assert.notEqual(ports[name], memory[name], `${name} belongs to no part`)
  }
  await ports.users.put({ id: 'ann', name: 'Ann', avatarUrl: null, locale: null, properties: {} }, 1)
  assert.equal((await ports.users.get(['ann']))[0]?.name, 'Ann')
  assert.equal(typeof ports.log.partitionOf('ann'), 'number')
  assert.deepEqual(parts.failing, [])
  assert.equal(partNames.length, 4)
})

test('a part fails from a call that fails until one that succeeds', async () => {
  const { ports, parts, fail } = openWatched()
  for (const error of [
    new HeadwaterError('store_unavailable'),
    new HeadwaterError('storage_full'),
    new UnknownOutcome('no answer'),
  ]) {
    fail(error)
    await assert.rejects(ports.users.get(['ann']), error)
    assert.deepEqual(parts.failing, ['users'])
    await ports.groups.heads(['ann'])
    assert.deepEqual(parts.failing, ['users'], 'another part says nothing of this one')
    fail(undefined)
    await ports.users.get(['ann'])
    assert.deepEqual(parts.failing, [])
  }
})

test('what speaks against a call alone, and too many calls, do not count', async () => {
  const { ports, parts, fail } = openWatched()
  for (const error of [new HeadwaterError('internal'), new HeadwaterError('overloaded'), new Error('a mistake')]) {
    fail(error)
    await assert.rejects(ports.users.get(['ann']), error)
  }
  assert.deepEqual(parts.failing, [])
})

test('a part that nobody asks is taken to be well after a while', async () => {
  const { parts, time } = openWatched()
  parts.failed('cache')
  parts.failed('log')
  assert.deepEqual(parts.failing, ['log', 'cache'])
  time.advance(10_001)
  assert.deepEqual(parts.failing, [])
})
