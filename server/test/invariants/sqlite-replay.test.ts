import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { replay } from '../../src/activity/replay.ts'
import { openEmbedded } from '../../src/engines/embedded.ts'
import type { SqliteDatabase } from '../../src/engines/sqlite/database.ts'
import { temporaryFolder } from '../../src/engines/sqlite/testing/temporary-folder.ts'
import type { Ports } from '../../src/ports/ports.ts'
import { allMembers } from '../checkers/table-dump.ts'
import { SqliteRun } from '../model/sqlite-run.ts'
import { dumpViews, type ViewDump, type ViewRow, without } from '../model/view-dump.ts'
import { worldSettings } from '../model/world.ts'

const seeds = Number(process.env.HEADWATER_SEEDS ?? (process.env.HEADWATER_LONG ? 20 : 4))
const operations = Number(process.env.HEADWATER_OPERATIONS ?? 300)

describe('a replay of the whole log on SQLite', () => {
  for (let seed = 1; seed <= seeds; seed++) {
    test(`leaves every view as it is, byte by byte, and makes the same anew from nothing (seed ${seed})`, async () => {
      // What a replay makes of a stream that was erased depends on where in it the erasure fell.
      await using run = new SqliteRun(seed, { eraseUsers: false })
      await run.open()
      for (let i = 0; i < operations; i++) await run.operate()
      const plain = await run.settle()
      // A worker that slept through an erasure may have written the erased actor's register back; a replay takes it out.
      await replayAll(run, run.engines.ports)
      const before = dumpViews(run.engines.database)
      assert.ok(allMembers(before).length > 10 && before.groups.length > 10)

      await replayAll(run, run.engines.ports)
      const after = dumpViews(run.engines.database)
      assertSame(after, before)
      await run.assertAsPlain(plain, ' after a replay')

      using folder = temporaryFolder()
      const { partitions } = run.engines.ports.log.info
      await using fresh = await openEmbedded(
        { data: { dir: folder.path }, log: { partitions, maxLag: 1_000_000 } },
        run.seams,
      )
      await replayAll(run, { ...fresh.ports, log: run.engines.ports.log }, fresh.database)
      assertSame(comparable(dumpViews(fresh.database)), comparable(before))
    })
  }
})

async function replayAll(run: SqliteRun, ports: Ports, database?: SqliteDatabase): Promise<void> {
  const report = await run.during(replay(ports, worldSettings, run.seams), database)
  assert.equal(report.unreadable, 0)
}

/** By table, so that a difference names its rows. */
function assertSame(found: ViewDump, expected: ViewDump): void {
  for (const view of Object.keys(expected) as (keyof ViewDump)[]) {
    const [left, right] = [found[view].map(text), expected[view].map(text)]
    const differences = { unexpected: missing(left, right), lost: missing(right, left) }
    assert.deepEqual(differences, { unexpected: [], lost: [] }, view)
  }
}

const text = (row: ViewRow): string => JSON.stringify(row)

function missing(rows: readonly string[], from: readonly string[]): readonly string[] {
  const known = new Set(from)
  return rows.filter((row) => !known.has(row)).slice(0, 5)
}

/**
 * Without what the log does not decide: which of its members a row still carries depends on when flushes fell, and
 * deletions by a user are raised by the API alone, since the fold has them in the group's row.
 */
function comparable(dump: ViewDump): ViewDump {
  const marks = dump.marks.filter((row) => row.changed_seq !== 0)
  const rows = without({ ...dump, marks, members: allMembers(dump) }, 'groups', ['pending'])
  return without(rows, 'marks', ['deleted_upto', 'deleted_seq'])
}
