import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { backUp, restore } from '../../src/backup.ts'
import { settingsWith } from '../../src/config/load.ts'
import { openEmbedded } from '../../src/engines/embedded.ts'
import { databaseFile } from '../../src/engines/sqlite/open.ts'
import { temporaryFolder } from '../../src/engines/sqlite/testing/temporary-folder.ts'
import { HeadwaterError } from '../../src/lib/error.ts'
import { systemSeams } from '../../src/lib/system-seams.ts'
import { restoreEnvironment } from '../crash/child-contract.ts'

const quiet = (): void => {}
const settingsOf = (folder: string) => settingsWith({ 'data.dir': folder })

const like = (n: number) =>
  ({
    kind: 'event',
    event: {
      eventId: `01900000-0000-7000-8000-${String(n).padStart(12, '0')}`,
      eventType: 'LIKE',
      verb: '',
      actor: `actor-${n}`,
      targetUser: 'carol',
      objectType: 'POST',
      objectId: 'p1',
      metadata: {},
      createdAt: 1_700_000_000_000 + n,
      op: 'ADD',
    },
  }) as const

/** What the restored folder holds: the number of actors that were liked by, or nothing for a folder that does not open. */
async function actorsIn(folder: string): Promise<number | undefined> {
  const engines = await openEmbedded(settingsOf(folder), systemSeams).catch((error: unknown) => {
    assert(HeadwaterError.is(error))
    assert.match(error.detail, /A restore into this data directory did not finish/)
  })
  if (!engines) return undefined
  await using ports = engines
  assert.deepEqual(engines.database.checkIntegrity(), [])
  assert.equal(engines.ports.log.info.epoch, 1)
  const rows = await ports.ports.groups.list('carol', { after: null, createdFrom: 0, types: null, limit: 10 })
  return rows[0]?.actorCount
}

test('A restore that is killed anywhere leaves a folder that does not start or one that is whole; run again it is whole.', async () => {
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  const backup = join(folder.path, 'one.backup')
  {
    await using engines = await openEmbedded(settingsOf(data), systemSeams)
    await engines.ports.log.append(Array.from({ length: 25 }, (_, n) => like(n)))
  }
  await backUp(settingsOf(data), backup, quiet)

  const seen = { absent: 0, half: 0, whole: 0 }
  for (let step = 1; ; step++) {
    const restored = join(folder.path, `restored-${step}`)
    const child = spawn(process.execPath, [fileURLToPath(new URL('../crash/restore-child.ts', import.meta.url))], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        [restoreEnvironment.backup]: backup,
        [restoreEnvironment.folder]: restored,
        [restoreEnvironment.step]: String(step),
      },
    })
    const [code, signal] = await once(child, 'exit')
    if (signal !== 'SIGKILL') {
      assert.equal(code, 0)
      assert.equal(await actorsIn(restored), 25)
      break
    }
    if (!existsSync(restored)) seen.absent++
    else if (existsSync(join(restored, databaseFile))) {
      assert.equal(await actorsIn(restored), 25)
      seen.whole++
      continue
    } else {
      assert.equal(await actorsIn(restored), undefined)
      seen.half++
    }
    await restore(settingsOf(restored), backup, quiet)
    assert.equal(await actorsIn(restored), 25)
  }
  assert.ok(seen.absent > 0 && seen.half > 3 && seen.whole > 0, JSON.stringify(seen))
})
