import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { seededRandom } from '../../src/lib/virtual-seams.ts'
import { pick } from '../model/random-events.ts'
import { type Loss, lossAfterPowerCut } from './after-power-cut.ts'
import { ImageDisk } from './image-disk.ts'
import { Load, Told } from './load.ts'
import { powerEnvironment, ServerProcess, slowSyncs } from './server-process.ts'
import { tear } from './torn-files.ts'

const diskBytes = 96 * 2 ** 20
/** The longest time from an answer to the next cut. */
const pauseMsMax = 80

export interface Cut extends Loss {
  /** Events that were acknowledged before. */
  readonly acknowledged: number
  /** Sectors that reached the disk without having been synced. */
  readonly torn: number
}

export interface Life {
  readonly cuts: number
  readonly seed: number
  readonly synchronous: string
  /** At random moments, or each time in the middle of a commit: what it wrote is not yet synced. */
  readonly moments: 'random' | 'in-sync'
  /** A small number has the write-ahead log moved into the database every few commits. */
  readonly checkpointPages?: number
}

/** Every so many syncs are slow; a prime, so that those of commits and of checkpoints have their turn. */
const slowEvery = 7

/** One server on one disk, whose power is cut again and again: each cut is looked at on a copy, and life goes on. */
export async function cutPower(life: Life): Promise<readonly Cut[]> {
  const random = seededRandom(life.seed)
  using disk = ImageDisk.make(diskBytes)
  const folder = join(disk.path, 'data')
  mkdirSync(folder)
  await using server = await ServerProcess.start(folder, {
    env: {
      [powerEnvironment.synchronous]: life.synchronous,
      ...(life.checkpointPages ? { [powerEnvironment.checkpointPages]: String(life.checkpointPages) } : {}),
    },
    under: life.moments === 'in-sync' ? slowSyncs(slowEvery) : [],
  })
  await using load = new Load(server.url, life.seed)
  const seen: Cut[] = []
  for (let cut = 0; cut < life.cuts; cut++) {
    await load.acknowledged()
    if (life.moments === 'in-sync') await server.inSync()
    // The moment is what is tried here: no event stands for it.
    else await setTimeout(pick(random, pauseMsMax))
    await server.freeze()
    {
      using after = disk.afterPowerCut()
      const told = load.told.copy()
      // Without a sync for each commit a torn log looks damaged, and a server refuses it: there only losing is looked at.
      const isTorn = cut % 2 === 1 && life.synchronous === 'FULL'
      const torn = isTorn ? tear(folder, join(after.path, 'data'), random) : 0
      const loss = await lossAfterPowerCut(after.path, told)
      seen.push({ ...loss, acknowledged: told.events.size, torn })
    }
    server.thaw()
  }
  return seen
}

/** Long enough for a copy. */
const startSyncMs = 300

/** Cuts the power at every sync of a server that starts on an empty disk; gives how often. */
export async function cutFirstStart(seed: number): Promise<number> {
  const random = seededRandom(seed)
  using disk = ImageDisk.make(diskBytes)
  const folder = join(disk.path, 'data')
  mkdirSync(folder)
  await using server = ServerProcess.spawn(folder, { under: slowSyncs(1, startSyncMs) })
  let isListening = false
  const listening = server.listening().then(() => {
    isListening = true
  })
  for (let cuts = 0; ; cuts++) {
    await Promise.race([listening, server.inSync()])
    if (isListening) return cuts
    await server.freeze()
    {
      using after = disk.afterPowerCut()
      if (existsSync(join(after.path, 'data'))) tear(folder, join(after.path, 'data'), random)
      await lossAfterPowerCut(after.path, new Told())
    }
    server.thaw()
  }
}
