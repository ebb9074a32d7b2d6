import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleEvent } from '../conformance/samples.ts'
import { openMemory } from '../engines/memory/open.ts'
import { createMemoryStorage } from '../engines/memory/storage.ts'
import { virtualSeams } from '../lib/virtual-seams.ts'
import type { LogValue } from '../model/log-record.ts'
import { toSeq } from '../model/position.ts'
import { createErasureSweep } from './erasure-sweep.ts'
import { foldRest } from './fold-rest.ts'
import { boundsNow, nextSeqs } from './log-bounds.ts'
import { defaultActivitySettings } from './settings.ts'

let events = 0

const like = (actor: string, objectId: string): LogValue => ({
  kind: 'event',
  event: sampleEvent('carol', events++, { eventType: 'LIKE', actor, objectId, op: 'ADD', createdAt: null }),
})

function start() {
  const seams = virtualSeams()
  const ports = openMemory(createMemoryStorage({ partitions: 2 }), seams)
  return {
    ...ports,
    erase: async (user: string) =>
      ports.users.erase(user, seams.clock.now(), nextSeqs(ports.log, await boundsNow(ports.log))),
    sweep: createErasureSweep(ports, seams.clock),
    /** As after a restart. */
    sweepAnew: () => createErasureSweep(ports, seams.clock)(),
    pass: (ms: number) => seams.time.advance(ms),
    fold: () => foldRest(ports, defaultActivitySettings, seams),
    /** Objects with the actors who count. */
    async actors(): Promise<Readonly<Record<string, readonly string[]>>> {
      const rows = await ports.groups.list('carol', { after: null, createdFrom: 0, types: null, limit: 100 })
      return Object.fromEntries(
        rows.map((row) => [row.objectId, row.newestActors.map(({ actor }) => actor).toSorted()]),
      )
    },
  }
}

test('what was accepted before an erasure and is folded long after it is taken out as well', async () => {
  const { log, users, erase, sweep, pass, fold, actors } = start()
  await log.append([like('ann', 'p1'), like('ben', 'p1')])
  await erase('ann')
  for (let round = 0; round < 3; round++) await sweep()
  await fold()
  assert.deepEqual(await actors(), { p1: ['ann', 'ben'] })
  await sweep()
  await fold()
  assert.deepEqual(await actors(), { p1: ['ben'] })
  pass(15_000)
  await sweep()
  assert.deepEqual(await users.erasures(10), [])
})

test('records go out once, however long they wait to be folded', async () => {
  const { log, erase, sweep, fold } = start()
  await log.append([like('ann', 'p1'), like('ann', 'p2')])
  await fold()
  await erase('ann')
  const before = await log.bounds(log.partitionOf('carol'))
  for (let round = 0; round < 5; round++) await sweep()
  assert.equal((await log.bounds(log.partitionOf('carol'))).end - before.end, 2)
})

test('who is made anew keeps what they do from then on, and the erasure comes to its end', async () => {
  const { log, users, erase, sweep, pass, fold, actors } = start()
  await log.append([like('ann', 'p1'), like('ben', 'p1'), like('ann', 'p2')])
  await fold()
  await erase('ann')
  await sweep()
  for (const object of ['p2', 'p3', 'p4']) {
    await log.append([like('ann', object)])
    await fold()
    pass(5_000)
    await sweep()
  }
  assert.deepEqual(await actors(), { p1: ['ben'], p2: ['ann'], p3: ['ann'], p4: ['ann'] })
  assert.deepEqual(await users.erasures(10), [])
})

test('what a device confirmed just before is written after the erasure, and removed with it', async () => {
  const { devices, users, erase, sweep, pass } = start()
  await erase('ann')
  await devices.purge({ user: 'ann' })
  await sweep()
  await devices.ack([{ user: 'ann', device: 'phone', epoch: 'e0', seq: 3, seenAt: 0 }])
  for (let round = 0; round < 3; round++) {
    pass(5_000)
    await sweep()
  }
  assert.deepEqual(await devices.list('ann'), [])
  assert.deepEqual(await users.erasures(10), [])
})

test('an erasure that comes while the one before ends is swept as well', async () => {
  const { log, devices, erase, sweep, pass, fold, actors } = start()
  await erase('ann')
  await sweep()
  pass(15_000)
  const purge = devices.purge
  devices.purge = async (what) => {
    devices.purge = purge
    await log.append([like('ann', 'p1'), like('ben', 'p1')])
    await fold()
    await erase('ann')
    return purge(what)
  }
  await sweep()
  await sweep()
  await fold()
  assert.deepEqual(await actors(), { p1: ['ben'] })
})

test('who is made anew before the first look, or before a restart, keeps what they do', async () => {
  const { log, erase, sweep, sweepAnew, fold, actors } = start()
  await log.append([like('ann', 'p1'), like('ben', 'p1')])
  await erase('ann')
  await log.append([like('ann', 'p2')])
  await fold()
  await sweep()
  await fold()
  assert.deepEqual(await actors(), { p1: ['ben'], p2: ['ann'] })
  await log.append([like('ann', 'p3')])
  await fold()
  await sweepAnew()
  await fold()
  assert.deepEqual(await actors(), { p1: ['ben'], p2: ['ann'], p3: ['ann'] })
})

test('an erasure of another epoch of the log takes out what the log has by now', async () => {
  const { log, users, sweep, fold, actors } = start()
  await log.append([like('ann', 'p1'), like('ben', 'p1')])
  await fold()
  await users.erase('ann', 1, [toSeq(log.info.epoch + 1, 0), toSeq(log.info.epoch + 1, 0)])
  await sweep()
  await fold()
  assert.deepEqual(await actors(), { p1: ['ben'] })
})
