import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemSeams } from '../../lib/system-seams.ts'
import { SqliteGroupStore } from './group-store.ts'
import { openSqlite } from './open.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

const headOf = 'SELECT head FROM heads WHERE user_id = ?'

test('A head is never older than the rows that were written with it, though nobody has heard yet that they are stored.', async () => {
  using folder = temporaryFolder()
  await using db = await openSqlite({ folder: folder.path }, systemSeams)
  const groups = new SqliteGroupStore(db)
  await groups.putHeads([{ user: 'carol', head: 5 }])
  assert.equal(groups.headAtHand('carol'), undefined)
  assert.deepEqual(await groups.heads(['carol']), [5])
  assert.equal(groups.headAtHand('carol'), 5)
  const writing = groups.putHeads([{ user: 'carol', head: 9 }])
  assert.equal(groups.headAtHand('carol'), undefined, 'nobody can tell without reading')
  assert.deepEqual(await groups.heads(['carol']), [5], 'asked before it is stored, and perhaps kept')
  // The writing thread goes on while this one stands still and hears nothing.
  while (db.read.get(headOf, 'carol')?.[0] !== 9);
  assert.deepEqual(await groups.heads(['carol']), [9])
  await writing
  assert.deepEqual(await groups.heads(['carol']), [9])
  assert.equal(groups.headAtHand('carol'), 9)
})
