import { cpuMicros, openFeatures, shownPoints, slopeBar, slopePlot } from './load/in-process.ts'
import { storedUser, storeGroups } from './load/stored-groups.ts'
import type { Benchmark } from './measuring/benchmark.ts'
import { Folder } from './measuring/headwater.ts'

const readers = 500

const benchmark: Benchmark = {
  name: 'slope-users',
  title: 'Cost of a page by users in the store',
  method:
    'Stores with 1,000 to 10,000,000 users. 500 of them have 30 groups each, the others one. The first page of 20 groups of the 500, made anew from SQLite, in one process without HTTP, all stores open, in turn.',
  async run({ quick, progress }) {
    const sizes = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000, 10_000_000]
    await using opened = new AsyncDisposableStack()
    const cases: { x: number; run(i: number): Promise<unknown> }[] = []
    for (const users of sizes) {
      const folder = opened.use(new Folder())
      progress(`storing ${users.toLocaleString('en-US')} users`)
      const apart = users / readers
      await storeGroups(
        folder.path,
        {
          users,
          groupsOf: (user) => (user % apart === 0 ? 30 : 1),
          people: 1_000,
          apartMs: 3_600_000,
        },
        progress,
      )
      const features = opened.use(await openFeatures(folder.path))
      cases.push({
        x: users,
        run: (i) =>
          features.activity.reader.page(storedUser((i % readers) * apart), {
            after: null,
            limit: 20,
            types: null,
            locale: null,
          }),
      })
    }
    progress('reading')
    const page = await cpuMicros(cases, { blocks: quick ? 5 : 31, perBlock: quick ? 100 : 500 })
    return {
      figures: [{ what: 'First page, made anew', headwater: shownPoints(page) }],
      bars: [slopeBar('First page: most against fewest users', page)],
      plots: [slopePlot(benchmark.title, 'users', true, { 'first page': page })],
    }
  },
}

export default benchmark
