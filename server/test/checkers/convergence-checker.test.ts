import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { Aggregator } from '../../src/activity/aggregate.ts'
import { defaultActivitySettings } from '../../src/activity/settings.ts'
import { openEmbedded } from '../../src/engines/embedded.ts'
import { databaseFile } from '../../src/engines/sqlite/open.ts'
import { temporaryFolder } from '../../src/engines/sqlite/testing/temporary-folder.ts'
import { systemSeams } from '../../src/lib/system-seams.ts'
import { seededRandom } from '../../src/lib/virtual-seams.ts'
import type { Ports } from '../../src/ports/ports.ts'
import { createRandomEvents } from '../model/random-events.ts'
import { silentMetrics } from '../model/world.ts'
import { checkConvergence } from './convergence-checker.ts'

const hourMs = 3_600_000

test('finds nothing in what a worker has made of its log, nor where it has yet to go on', async () => {
  using folder = temporaryFolder()
  await fold(folder.path)
  assert.deepEqual(await checkConvergence(folder.path), [])
  change(folder.path, 'UPDATE log_partitions SET committed = start')
  assert.deepEqual(await checkConvergence(folder.path), [])
})

const wrongs = {
  'a count that is one too high':
    'UPDATE groups SET actor_count = actor_count + 1 WHERE group_id = (SELECT min(group_id) FROM groups)',
  'a member who is missing':
    'DELETE FROM members WHERE counts = 1 AND actor = (SELECT min(actor) FROM members WHERE counts = 1)',
  'a group that is missing': 'DELETE FROM groups WHERE group_id = (SELECT min(group_id) FROM groups)',
  'a head that is behind': 'UPDATE heads SET head = head - 1',
  'a mark that is gone': 'DELETE FROM marks',
  'an object without its groups':
    'DELETE FROM object_groups WHERE object_id = (SELECT min(object_id) FROM object_groups)',
}

for (const [what, sql] of Object.entries(wrongs)) {
  test(`finds ${what}`, async () => {
    using folder = temporaryFolder()
    await fold(folder.path)
    change(folder.path, sql)
    assert.notDeepEqual(await checkConvergence(folder.path), [])
  })
}

async function fold(folder: string): Promise<void> {
  await using engines = await openEmbedded(
    { data: { dir: folder }, log: { partitions: 2, maxLag: 10_000 } },
    systemSeams,
  )
  const { ports } = engines
  const next = createRandomEvents(seededRandom(7), {
    users: 2,
    actors: 6,
    objects: 2,
    from: Date.now() - 50 * hourMs,
    spanMs: 40 * hourMs,
  })
  const events = (count: number) => Array.from({ length: count }, () => ({ kind: 'event' as const, event: next() }))
  await ports.log.append(events(150))
  await ports.log.append([{ kind: 'mark', user: 'user-0', mark: 'read', groupIds: null, upTo: 60 }])
  await foldAll(ports)
  // A second flush: what the first one wrote of members is then nowhere else.
  await ports.log.append(events(50))
  await foldAll(ports)
}

async function foldAll(ports: Ports): Promise<void> {
  await using aggregator = new Aggregator(ports, defaultActivitySettings, systemSeams, silentMetrics)
  const running = aggregator.run()
  await Promise.race([running, aggregator.settle()])
}

function change(folder: string, sql: string): void {
  using db = new DatabaseSync(join(folder, databaseFile))
  assert.ok(db.prepare(sql).run().changes > 0)
}
