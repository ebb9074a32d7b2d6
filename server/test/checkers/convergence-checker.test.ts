import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { Aggregator, silentMetrics } from '../../src/activity/aggregate.ts'
import { defaultActivitySettings } from '../../src/activity/settings.ts'
import { openEmbedded } from '../../src/engines/embedded.ts'
import { databaseFile } from '../../src/engines/sqlite/open.ts'
import { temporaryFolder } from '../../src/engines/sqlite/testing/temporary-folder.ts'
import { systemSeams } from '../../src/lib/system-seams.ts'
import { seededRandom } from '../../src/lib/virtual-seams.ts'
import { createRandomEvents } from '../model/random-events.ts'
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
  'a member who never came': `
    INSERT INTO members (user_id, group_id, actor, counts, created_at, seq, first_seq, event_id)
    SELECT user_id, group_id, 'nobody', 1, created_at, applied, applied, 'none' FROM groups WHERE actor_count > 0 LIMIT 1`,
  'a group that is missing': 'DELETE FROM groups WHERE group_id = (SELECT min(group_id) FROM groups)',
  'a head that is behind': 'UPDATE heads SET head = head - 1',
  'a mark that is gone': 'DELETE FROM marks',
  'an object without its groups':
    'DELETE FROM object_groups WHERE object_id = (SELECT min(object_id) FROM object_groups)',
}

test('finds what is wrong', async (t) => {
  using sound = temporaryFolder()
  await fold(sound.path)
  for (const [what, sql] of Object.entries(wrongs)) {
    await t.test(what, async () => {
      using folder = temporaryFolder()
      copyFileSync(join(sound.path, databaseFile), join(folder.path, databaseFile))
      change(folder.path, sql)
      assert.notDeepEqual(await checkConvergence(folder.path), [])
    })
  }
})

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
  await ports.log.append(events(200))
  await ports.log.append([{ kind: 'mark', user: 'user-0', mark: 'read', groupIds: null, upTo: 60 }])
  await using aggregator = new Aggregator(ports, defaultActivitySettings, systemSeams, silentMetrics)
  const running = aggregator.run()
  await Promise.race([running, aggregator.settle()])
}

function change(folder: string, sql: string): void {
  using db = new DatabaseSync(join(folder, databaseFile))
  assert.ok(db.prepare(sql).run().changes > 0)
}
