import assert from 'node:assert/strict'
import { foldRest } from '../../src/activity/fold-rest.ts'
import { settingsWith } from '../../src/config/load.ts'
import { openEmbedded } from '../../src/engines/embedded.ts'
import { silentLog } from '../../src/lib/log.ts'
import { systemSeams } from '../../src/lib/system-seams.ts'
import { virtualSeams } from '../../src/lib/virtual-seams.ts'
import { openData } from '../../src/server.ts'
import { assertAsPlain, createApi, foldLog, worldSettings } from '../model/world.ts'
import { crashConfig } from './child-contract.ts'
import type { PatientClient } from './patient-client.ts'
import type { PlainCount } from './plain-count.ts'
import type { Stage } from './stage.ts'
import { listOf, type SurvivingSocket } from './surviving-socket.ts'

/** Everything that must hold after any number of crashes. Ends the last life of the server. */
export async function assertAllWell({ folder, lives, client, workload, sockets }: Stage): Promise<void> {
  await workload.settle()
  for (const socket of sockets) {
    await assertAnswers(client, socket.user, workload.count)
    await assertSocket(client, socket)
    assert.ok(socket.connections > 1, 'a socket came back')
  }
  await lives.stop()
  const stored = await assertFolder(folder)
  assert.deepEqual(
    [...workload.count.acknowledged].filter((id) => !stored.has(id)),
    [],
    'acknowledged and lost',
  )
}

/** What a caller sees once everything is worked off: groups as counted plainly, a badge that equals a recount. */
async function assertAnswers(client: PatientClient, user: string, count: PlainCount): Promise<void> {
  const page = await listOf(client, user)
  const safe = page.activity_groups.filter((group) => group.object_id.startsWith('safe-'))
  assert.deepEqual(
    new Map(safe.map((group) => [group.object_id, group.actor_count] as const).sort()),
    new Map([...count.of(user)].filter(([object]) => object.startsWith('safe-')).sort()),
    `actors by object of ${user}`,
  )
  assert.equal(safe.length, new Set(safe.map((group) => group.object_id)).size, 'one group an object')
  assert.ok(!page.activity_groups.some((group) => group.object_id.startsWith('gone-')), 'deleted objects are gone')
  assert.equal(page.unread_count, page.activity_groups.filter((group) => !group.is_read).length, `badge of ${user}`)
  assert.equal(page.unseen_count, page.activity_groups.filter((group) => !group.is_seen).length, `unseen of ${user}`)
}

/** What a socket was told across all lives is what the list shows. */
async function assertSocket(client: PatientClient, socket: SurvivingSocket): Promise<void> {
  const page = await listOf(client, socket.user)
  const told = await socket.at(page.seq)
  assert.deepEqual(socket.faults, [], `chain of a socket of ${socket.user}`)
  assert.deepEqual(
    told,
    {
      seq: page.seq,
      unread: page.unread_count,
      unseen: page.unseen_count,
      groups: page.activity_groups
        .map(
          ({ group_id, object_id, actor_count, seq }) =>
            [group_id, { object: object_id, actors: actor_count, seq }] as const,
        )
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    },
    `a socket of ${socket.user}`,
  )
}

/** What the folder of a stopped server holds: a sound file, and views as the log says. Gives the events that are stored. */
export async function assertFolder(folder: string): Promise<ReadonlySet<string>> {
  const config = crashConfig(settingsWith, folder)
  const seams = virtualSeams({ now: Date.now() })
  const stored = new Set<string>()
  {
    await using engines = await openEmbedded(config, seams)
    assert.deepEqual(engines.database.checkIntegrity(), [])
    const { log } = engines.ports
    for (let partition = 0; partition < log.info.partitions; partition++) {
      const { start, end, committed } = await log.bounds(partition)
      const { records } = await log.read(partition, start, end - start + 1)
      // What the sweep behind an erasure appends in the last moment is for the next life.
      const left = records.filter(({ offset, value }) => offset >= committed && value.kind !== 'actor_erased')
      assert.deepEqual(left, [], `partition ${partition} is worked off`)
      for (const { value } of records) if (value.kind === 'event') stored.add(value.event.eventId)
    }
    await foldRest(engines.ports, worldSettings, systemSeams)
    const api = createApi(engines.ports, seams)
    for (const [id, user] of (await foldLog(log)).users) await assertAsPlain(api, id, user, 'after crashes')
  }
  await using data = await openData(config, { log: silentLog })
  const report = await data.verify(() => {})
  assert.deepEqual(report.differences, [])
  assert.ok(report.replayed > 0)
  return stored
}
