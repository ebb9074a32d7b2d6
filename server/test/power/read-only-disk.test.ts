// A disk that can be read and not written: under a server that runs (the kernel does that when a disk fails), and before
// one starts.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertAllStoredOnceWorkedOff, assertReadsGoOn } from './failing-disk.ts'
import { sendEvents, workOffCarol } from './few-events.ts'
import { ImageDisk } from './image-disk.ts'
import { Told } from './load.ts'
import { disks, whereMet } from './needs-root.ts'
import { assertRefusedUntouched } from './refused-start.ts'
import { ServerProcess } from './server-process.ts'
import { WaitingSocket } from './waiting-socket.ts'

const diskBytes = 24 * 2 ** 20

whereMet(disks, 2, () => {
  test('When the disk turns read-only, writes are refused and reads and sockets go on; nothing acknowledged is lost.', async () => {
    using disk = ImageDisk.make(diskBytes)
    const folder = folderOn(disk)
    const told = new Told()
    await using server = await ServerProcess.start(folder)
    using socket = await WaitingSocket.open(server.url, 'carol')
    for (let n = 0; n < 5; n++) assert.equal((await sendEvents(server.url, told)).status, 202)
    await workOffCarol(server.url, told)
    disk.abort()
    for (let n = 0; n < 3; n++) {
      const { status, body } = await sendEvents(server.url, told)
      assert.deepEqual([status, body.code], [503, 'ingest_unavailable'])
    }
    await assertReadsGoOn(server.url, socket, ['ingest_unavailable', 'store_unavailable'])
    await server.freeze()
    using after = disk.afterPowerCut()
    await assertAllStoredOnceWorkedOff(join(after.path, 'data'), told)
  })

  test('A start on a read-only disk is refused in words, and the folder starts when it can be written again.', async () => {
    using disk = ImageDisk.make(diskBytes)
    const folder = folderOn(disk)
    const told = new Told()
    {
      await using server = await ServerProcess.start(folder)
      for (let n = 0; n < 5; n++) assert.equal((await sendEvents(server.url, told)).status, 202)
      await workOffCarol(server.url, told)
    }
    disk.remount('ro')
    await assertRefusedUntouched(folder, /cannot be written|not writable/)
    await assertRefusedUntouched(join(disk.path, 'no-such-folder'), /cannot be (written|made)/)
    disk.remount('rw')
    await assertAllStoredOnceWorkedOff(folder, told)
  })
})

function folderOn(disk: ImageDisk): string {
  const folder = join(disk.path, 'data')
  mkdirSync(folder)
  return folder
}
