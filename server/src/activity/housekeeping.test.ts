import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsWith } from '../config/load.ts'
import { openMemory } from '../engines/memory/open.ts'
import { createMemoryStorage } from '../engines/memory/storage.ts'
import { virtualSeams } from '../lib/virtual-seams.ts'
import type { Ports } from '../ports/ports.ts'
import { housekeepingSettings, startHousekeeping } from './housekeeping.ts'

const hourMs = 60 * 60_000
const dayMs = 24 * hourMs

test('what one store refuses to drop keeps no other from its turn, and is told', async () => {
  const seams = virtualSeams()
  const ports = openMemory(createMemoryStorage({ partitions: 1 }), seams)
  const purged: string[] = []
  const noted = (name: string) => async () => {
    purged.push(name)
    return 0
  }
  const refused = async () => {
    throw new Error('not allowed')
  }
  const failures: string[] = []
  const strict = {
    ...ports,
    groups: { purge: refused },
    objects: { purgeTombstones: noted('objects'), listDeletions: async () => [] },
    log: { info: ports.log.info, bounds: (partition: number) => ports.log.bounds(partition), trim: refused },
    idempotency: { purge: noted('idempotency') },
    devices: { purge: noted('devices') },
    revocations: { purge: noted('revocations') },
    traces: { purge: noted('traces') },
  } as unknown as Ports
  await using _ = startHousekeeping(strict, housekeepingSettings(settingsWith()), seams, (task, error) => {
    if (task.startsWith('purge')) failures.push(`${task}: ${(error as Error).message}`)
  })
  seams.time.advance(hourMs)
  for (let i = 0; i < 50; i++) await new Promise(setImmediate)
  assert.deepEqual(purged, ['objects', 'idempotency', 'devices', 'revocations', 'traces'])
  assert.deepEqual(failures, ['purge of groups: not allowed', 'purge of log records: not allowed'])
})

test('the log of a cluster is kept for as long as the longer of both settings says', () => {
  const brokers = { engine: 'cluster', 'kafka.brokers': ['k:1'], 'cassandra.contactPoints': ['c:1'] }
  const others = { 'redis.url': 'redis://r:1', 'postgres.url': 'postgres://p:1/d' }
  const days = (values: Record<string, unknown>) => housekeepingSettings(settingsWith(values)).logRetentionMs / dayMs
  assert.equal(days({ ...brokers, ...others, 'kafka.retentionDays': 90 }), 90)
  assert.equal(days({ ...brokers, ...others }), 30)
  assert.equal(days({ ...brokers, ...others, 'log.retentionDays': 60 }), 60)
  assert.equal(days({ 'kafka.retentionDays': 90 }), 30)
})
