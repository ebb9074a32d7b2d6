import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemSeams } from '../../lib/system-seams.ts'
import type { LogValue } from '../../model/log-record.ts'
import { backUpSqlite } from './backup.ts'
import { readBackup } from './backup-file.ts'
import { openSqlite } from './open.ts'
import { SqliteRestore } from './restore.ts'
import { leaveSchemaOne } from './testing/older-database.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

const quiet = (): void => {}
const mark = (upTo: number): LogValue => ({ kind: 'mark', user: 'carol', mark: 'read', groupIds: null, upTo })

test('A backup that is made before an upgrade has the data as the older version left it, and can be restored.', async () => {
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  mkdirSync(data)
  leaveSchemaOne(data, [0, 1, 2].map(mark))
  const { path, info } = await backUpSqlite({ folder: data, target: folder.path, now: 0 }, quiet)
  assert.deepEqual([info.schema, info.partitions], [1, [{ partition: 0, start: 0, committed: 0, end: 3 }]])
  assert.deepEqual(await readBackup(path, quiet), info)

  const restored = join(folder.path, 'restored')
  {
    using restore = await SqliteRestore.begin(path, restored, quiet)
    await restore.finish(2, systemSeams, quiet)
  }
  await using db = await openSqlite({ folder: restored }, systemSeams)
  assert.deepEqual(db.read.get('SELECT epoch, partitions FROM log_info'), [1, 2])
})
