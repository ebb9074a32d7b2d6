// A disk that is full, and then has space again, under a server that runs: it refuses in words what it cannot store,
// serves everything else, and takes up its work by itself.
import assert from 'node:assert/strict'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { callServer } from './call-server.ts'
import { assertAllStored, assertAllStoredOnceWorkedOff, assertReadsGoOn, sendUntilRefused } from './failing-disk.ts'
import { sendEvents, workOffCarol } from './few-events.ts'
import { ImageDisk } from './image-disk.ts'
import { Told } from './load.ts'
import { disks, whereMet } from './needs-root.ts'
import { ranOn } from './refused-start.ts'
import { ServerProcess } from './server-process.ts'
import { WaitingSocket } from './waiting-socket.ts'

const diskBytes = 24 * 2 ** 20
const padding = 'x'.repeat(500)

whereMet(disks, 3, () => {
  test('A server on a full disk refuses with storage_full, reads and sockets go on, and with space it accepts again.', async () => {
    using disk = ImageDisk.make(diskBytes)
    const folder = folderOn(disk)
    const told = new Told()
    {
      await using server = await ServerProcess.start(folder)
      const { url } = server
      using socket = await WaitingSocket.open(url, 'carol')
      assert.equal((await sendEvents(url, told)).status, 202)
      await socket.told('activity_group_created')
      for (let round = 0; round < 3; round++) {
        fill(disk)
        assert.equal(await sendUntilRefused(url, told, padding), 'storage_full')
        await assertReadsGoOn(url, socket, ['storage_full'])
        empty(disk)
        assert.equal((await sendEvents(url, told)).status, 202)
        assert.equal((await callServer(url, 'GET', '/readyz')).ready, true)
        await workOffCarol(url, told)
        await socket.told('activity_group_updated')
      }
      assert.equal(await server.stop(), 0)
    }
    await assertAllStored(folder, told)
  })

  test('What a full disk refused is not stored, and what it acknowledged outlives a power cut on that full disk.', async () => {
    using disk = ImageDisk.make(diskBytes)
    const folder = folderOn(disk)
    const told = new Told()
    await using server = await ServerProcess.start(folder)
    assert.equal((await sendEvents(server.url, told)).status, 202)
    fill(disk)
    await sendUntilRefused(server.url, told, padding)
    for (let n = 0; n < 5; n++) assert.equal((await sendEvents(server.url, told, 20, padding)).status, 503)
    await server.freeze()
    using after = disk.afterPowerCut()
    empty(after)
    const stored = await assertAllStoredOnceWorkedOff(join(after.path, 'data'), told)
    assert.equal(stored.size, told.events.size, 'nothing else is stored')
  })

  test('A start on a full disk says that it is full, and with space the same folder starts.', async () => {
    using disk = ImageDisk.make(diskBytes)
    const folder = folderOn(disk)
    const told = new Told()
    {
      await using server = await ServerProcess.start(folder)
      for (let n = 0; n < 20; n++) assert.equal((await sendEvents(server.url, told)).status, 202)
      await workOffCarol(server.url, told)
    }
    rmSync(join(folder, 'headwater.db-shm'))
    fill(disk)
    const { code, said } = await ranOn(folder, 'start')
    assert.notEqual(code, 0, said)
    assert.match(said, /full|space|ENOSPC/)
    assert.doesNotMatch(said, /^\s+at /m, 'no stack')
    empty(disk)
    await assertAllStoredOnceWorkedOff(folder, told)
  })
})

function folderOn(disk: ImageDisk): string {
  const folder = join(disk.path, 'data')
  mkdirSync(folder)
  return folder
}

const ballastOn = (disk: ImageDisk): string => join(disk.path, 'ballast')
const empty = (disk: ImageDisk): void => rmSync(ballastOn(disk))

/** Takes all the space, to the last block. */
function fill(disk: ImageDisk): void {
  const file = openSync(ballastOn(disk), 'a')
  for (let bytes = 2 ** 20; bytes >= 512; ) {
    try {
      writeSync(file, new Uint8Array(bytes).fill(1))
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
      bytes /= 2
    }
  }
  closeSync(file)
}
