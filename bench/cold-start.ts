import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { storeGroups, thirtyToThreeHundred } from './load/stored-groups.ts'
import type { Benchmark } from './measuring/benchmark.ts'
import { Child } from './measuring/child.ts'
import { Folder, startHeadwater } from './measuring/headwater.ts'
import { median } from './measuring/statistics.ts'

const pageProgram = new URL('./load/page-program.ts', import.meta.url)

/** Asks the kernel to forget what it holds of the files in memory (`POSIX_FADV_DONTNEED`). */
function forget(folder: string): void {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name)
    if (statSync(file).size > 0) execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' })
  }
}

const benchmark: Benchmark = {
  name: 'cold-start',
  title: 'Cold start with ten million groups',
  method:
    'A data directory with ten million groups of 60,600 users, as the worker leaves them, written by the engine’s own statements without its fsyncs; members of the newest groups alone. Before each start the kernel is asked to forget the files. Measured from the start of the process (Node and all modules included) until requests are answered, and until the first page of 20 groups was answered.',
  async run({ quick, progress }) {
    using folder = new Folder()
    const users = quick ? 600 : 60_600
    progress('storing groups')
    const groups = await storeGroups(folder.path, { users, groupsOf: thirtyToThreeHundred, named: false }, progress)
    const gigabytes = statSync(join(folder.path, 'headwater.db')).size / 1e9
    const ready: number[] = []
    const called: number[] = []
    const firstPage: number[] = []
    for (let i = 0; i < (quick ? 1 : 7); i++) {
      forget(folder.path)
      progress(`start ${i + 1}`)
      await using server = await startHeadwater(folder.path)
      ready.push(server.ready.sinceProcessStartMs)
      called.push(server.ready.readyMs)
      await using load = await Child.start(pageProgram, [server.ready.url])
      await load.ask('prepare', { users: 100, warmUsers: 100, warmShare: 1, path: '/v1/activities?limit=20' })
      const startedAt = performance.now()
      await load.ask('onePage', i)
      firstPage.push(performance.now() - startedAt)
      await server.ask('stop')
    }
    const shown = (all: readonly number[]) =>
      `${Math.round(median(all))} ms (${Math.round(Math.min(...all))}–${Math.round(Math.max(...all))})`
    return {
      figures: [
        { what: 'Groups stored', headwater: `${groups.toLocaleString('en-US')}, ${gigabytes.toFixed(1)} GB` },
        { what: 'From the start of the process until ready', headwater: shown(ready) },
        { what: 'Of that: opening the data directory and listening', headwater: shown(called) },
        { what: 'The first page after that', headwater: shown(firstPage) },
      ],
      bars: [
        {
          what: 'Cold start with ten million groups',
          measured: median(ready) / 1_000,
          must: 2,
          aim: 1,
          unit: 's',
          better: 'lower',
        },
      ],
    }
  },
}

export default benchmark
