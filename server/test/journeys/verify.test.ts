// Counting everything again finds nothing where nothing is wrong, whatever was configured meanwhile.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsWith } from '../../src/config/load.ts'
import { sampleEvent } from '../../src/conformance/samples.ts'
import { openEmbedded } from '../../src/engines/embedded.ts'
import { silentLog } from '../../src/lib/log.ts'
import { openData } from '../../src/server.ts'
import { like, mark, page, send, unlike } from './testing/calls.ts'
import { Disk } from './testing/on-disk.ts'

const hourMs = 3_600_000
const access = { apiKeys: [], tokenSecrets: [] }
const ruleSets = [
  {},
  { 'activity.closeAfterMs': hourMs },
  { 'activity.reopenReadGroups': false },
  { 'activity.rules.LIKE.closeAfterMs': 3 * hourMs, 'activity.rules.LIKE.reopenReadGroups': false },
]

test('groups are counted by the rules that they were opened under, whatever the rules are now', async () => {
  await using disk = await Disk.make()
  for (const [round, rules] of ruleSets.entries()) {
    await using server = await disk.start(rules)
    for (let hour = 0; hour < 5; hour++) {
      await send(server, like(`ann-${round}-${hour}`, 'carol', 'p1'), like(`ben-${hour}`, 'carol', `own-${round}`))
      await mark(server, 'carol', 'read', { all: true })
      await send(server, like(`cy-${hour}`, 'carol', `only-${round}`), unlike(`ben-${hour}`, 'carol', `own-${round}`))
      await server.advance(hourMs)
    }
    assert.ok((await page(server, 'carol')).activity_groups.length > round + 1)
  }
  for (const rules of ruleSets) {
    // Verifying goes by the real clock, and the groups are of the virtual one.
    const settings = settingsWith({ 'data.dir': disk.folder, 'activity.retentionDays': 3_650, ...rules })
    await using data = await openData({ ...settings, access, isDevelopment: false }, { log: silentLog })
    const { differences, replayed } = await data.verify(() => {})
    assert.deepEqual(differences, [], JSON.stringify(rules))
    assert.ok(replayed > ruleSets.length)
  }
})

test('what is in the log and was not folded when the server died is no difference', async () => {
  await using disk = await Disk.make()
  {
    await using server = await disk.start()
    await send(server, like('ann', 'carol', 'p1'), like('ann', 'carol', 'p2'), like('ann', 'dave', 'p1'))
  }
  const settings = settingsWith({ 'data.dir': disk.folder, 'activity.retentionDays': 3_650 })
  {
    await using engines = await openEmbedded(settings, disk.seams)
    const { log } = engines.ports
    const late = { eventType: 'LIKE', op: 'ADD', actor: 'ben', createdAt: null } as const
    await log.append([{ kind: 'event', event: sampleEvent('carol', 1, { ...late, objectId: 'p1' }) }])
  }
  await using data = await openData({ ...settings, access, isDevelopment: false }, { log: silentLog })
  const { differences, groups, replayed } = await data.verify(() => {})
  assert.deepEqual([differences, groups, replayed], [[], 3, 2])
})
