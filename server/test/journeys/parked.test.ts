// What nobody can fold is set aside and holds nobody up; the command line shows it and has it folded once more.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { runCommandLine } from '../../src/cli/run.ts'
import { settingsWith } from '../../src/config/load.ts'
import { openEmbedded } from '../../src/engines/embedded.ts'
import { databaseFile } from '../../src/engines/sqlite/open.ts'
import { like, page, send } from './testing/calls.ts'
import { Disk } from './testing/on-disk.ts'

test('an embedded server parks what it cannot read and folds what is behind it', async () => {
  await using disk = await Disk.make()
  const oneRecordEach = { 'log.partitions': 1 }
  {
    await using server = await disk.start(oneRecordEach)
    await send(server, like('ann', 'carol', 'p1'))
  }
  spoilNext(disk.folder, disk.seams.clock.now())
  {
    await using server = await disk.start()
    await send(server, like('ben', 'carol', 'p1'))
    const [group] = (await page(server, 'carol')).activity_groups
    assert.deepEqual([group?.object_id, group?.actor_count], ['p1', 2])
    const metrics = String((await server.request('GET', '/metrics')).body)
    assert.match(metrics, /^headwater_records_parked_total 1$/m)
  }

  const listed = await headwater(disk.folder, 'parked', 'list', '--json')
  assert.equal(listed.code, 0, listed.err)
  const [record, ...others] = JSON.parse(listed.out)
  assert.deepEqual(others, [])
  const { epoch, partition, offset, user, reason, bytes } = record
  const text = Buffer.from(bytes, 'base64').toString()
  assert.deepEqual([epoch, partition, offset, user, text], [0, 0, 1, 'carol', 'no record'])
  assert.match(reason, /does not begin with/)

  // One that can be read: a release that can do more would find it so.
  {
    await using engines = await openEmbedded(settingsWith({ 'data.dir': disk.folder }), disk.seams)
    await engines.ports.parked?.park({ partition: 0, offset: 0 }, 'too new for this release')
  }
  assert.match(
    (await headwater(disk.folder, 'parked', 'list')).out,
    /does not begin with.*\n.*too new for this release$/,
  )
  const replayed = await headwater(disk.folder, 'parked', 'replay')
  assert.deepEqual([replayed.code, replayed.out], [1, 'Appended 1 record to the log again.'])
  assert.match(replayed.err, /1 record cannot be read/)
  const left = JSON.parse((await headwater(disk.folder, 'parked', 'list', '--json')).out) as { offset: number }[]
  assert.deepEqual(
    left.map((one) => one.offset),
    [1],
  )

  await using server = await disk.start()
  const told = await headwater(disk.folder, 'parked', 'list')
  assert.equal(told.code, 1)
  assert.match(told.err, /has this data directory open/)
  await server.settle()
  const [group] = (await page(server, 'carol')).activity_groups
  assert.deepEqual([group?.object_id, group?.actor_count, group?.event_count], ['p1', 2, 2])
})

/** The next record of the only partition, as a program with a mistake would have written it. */
function spoilNext(folder: string, now: number): void {
  using database = new DatabaseSync(join(folder, databaseFile))
  database
    .prepare("INSERT INTO log (position, user_id, appended_at, value) VALUES (1, 'carol', ?, ?)")
    .run(now, Buffer.from('no record'))
}

async function headwater(folder: string, ...args: readonly string[]) {
  const out: string[] = []
  const err: string[] = []
  const code = await runCommandLine(args, {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    environment: { HEADWATER_DATA: folder },
    cwd: folder,
    isTerminal: false,
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}
