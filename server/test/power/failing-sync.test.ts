// Syncs that fail with EIO, and then work again: what is not known to be on the disk is never acknowledged.
//
// The kernel does report such a failure once only, and may drop what it could not write. That harms nothing here: the next
// commit writes the same frames of the write-ahead log anew, and a database page is written again until a sync of it worked.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertAllStoredOnceWorkedOff, assertReadsGoOn } from './failing-disk.ts'
import { sendEvents, workOffCarol } from './few-events.ts'
import { ImageDisk } from './image-disk.ts'
import { Told } from './load.ts'
import { disks, failingCalls, whereMet } from './needs-root.ts'
import { powerEnvironment, ServerProcess } from './server-process.ts'
import { WaitingSocket } from './waiting-socket.ts'

const diskBytes = 48 * 2 ** 20
const outages = 3
/** Few, so that moving the write-ahead log into the database fails as well. */
const checkpointPages = '20'

whereMet(disks.missing === undefined ? failingCalls : disks, 1, () => {
  test('While syncs fail nothing is acknowledged, and afterwards everything that was outlives a power cut.', async () => {
    using disk = ImageDisk.make(diskBytes)
    const folder = join(disk.path, 'data')
    mkdirSync(folder)
    const told = new Told()
    await using server = await ServerProcess.start(folder, {
      env: { [powerEnvironment.checkpointPages]: checkpointPages },
    })
    using socket = await WaitingSocket.open(server.url, 'carol')
    for (let outage = 0; outage < outages; outage++) {
      for (let n = 0; n < 10; n++) assert.equal((await sendEvents(server.url, told)).status, 202)
      await workOffCarol(server.url, told)
      {
        await using _failing = await server.failSyncs()
        for (let n = 0; n < 5; n++) {
          const { status, body } = await sendEvents(server.url, told)
          assert.deepEqual([status, body.code], [503, 'ingest_unavailable'])
          assert.match(body.detail, /not known whether this was stored/)
        }
        await assertReadsGoOn(server.url, socket, ['ingest_unavailable', 'store_unavailable'])
      }
      assert.equal((await sendEvents(server.url, told)).status, 202)
      await server.freeze()
      {
        using after = disk.afterPowerCut()
        await assertAllStoredOnceWorkedOff(join(after.path, 'data'), told.copy())
      }
      server.thaw()
    }
    await workOffCarol(server.url, told)
    assert.equal(await server.stop(), 0)
    await assertAllStoredOnceWorkedOff(folder, told)
  })
})
