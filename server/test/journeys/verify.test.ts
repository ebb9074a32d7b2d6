// Counting everything again finds nothing where nothing is wrong, whatever was configured meanwhile.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsWith } from '../../src/config/load.ts'
import { silentLog } from '../../src/lib/log.ts'
import { openData } from '../../src/server.ts'
import { like, mark, page, send, unlike } from './testing/calls.ts'
import { Disk } from './testing/on-disk.ts'

const hourMs = 3_600_000
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
    const config = { ...settings, access: { apiKeys: [], tokenSecrets: [] }, isDevelopment: false }
    await using data = await openData(config, { log: silentLog })
    const { differences, replayed } = await data.verify(() => {})
    assert.deepEqual(differences, [], JSON.stringify(rules))
    assert.ok(replayed > ruleSets.length)
  }
})
