import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventLogSuite } from '../../conformance/event-log.ts'
import { LogFollower, readAll, sharesOfThree } from '../../conformance/log-follower.ts'
import { sampleValue } from '../../conformance/samples.ts'
import { HeadwaterError } from '../../lib/error.ts'
import { virtualSeams } from '../../lib/virtual-seams.ts'
import { memoryEventLog } from './event-log.ts'
import { newLogState } from './event-log-state.ts'
import { runOnMemory } from './run-on-memory.ts'

runOnMemory(eventLogSuite, (storage, seams) => memoryEventLog(storage.log, seams))

test('appends are refused while too much is not committed, and taken again after a commit', async () => {
  const log = memoryEventLog(newLogState(2), virtualSeams(), { maxLag: 10 })
  const values = Array.from({ length: 11 }, (_, n) => sampleValue(`user-${n}`, n))
  await log.append(values)
  await assert.rejects(log.append([sampleValue('user-1', 96)]), (error) => {
    assert(HeadwaterError.is(error))
    assert.deepEqual([error.code, error.retryAfterS], ['overloaded', 1])
    return true
  })
  const [deleted] = await log.append([{ kind: 'group_deleted', user: 'user-1', groupId: 'g' }])
  assert.equal(deleted?.stored, true, 'the worker itself may have to delete')
  assert.equal((await Promise.all([0, 1].map((partition) => readAll(log, partition)))).flat().length, 12)
  const worker = await LogFollower.join(log)
  await worker.poll()
  await worker.commit()
  const [outcome] = await log.append([sampleValue('user-1', 96)])
  assert.equal(outcome?.stored, true)
})

test('what was dealt to a worker that had not asked yet goes on to the next one without a wait', async () => {
  assert.deepEqual(await sharesOfThree(memoryEventLog(newLogState(4), virtualSeams())), [2, 1, 1])
})
