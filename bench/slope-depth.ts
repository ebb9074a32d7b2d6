import { idBoundAt } from '../server/src/model/group-id.ts'
import { cpuMicros, openFeatures, shownPoints, slopeBar, slopePlot } from './load/in-process.ts'
import { storedUser, storeGroups } from './load/stored-groups.ts'
import type { Benchmark } from './measuring/benchmark.ts'
import { Folder } from './measuring/headwater.ts'

const dayMs = 86_400_000
const limit = 20

const benchmark: Benchmark = {
  name: 'slope-depth',
  title: 'Cost of a page by its depth and its age',
  method:
    'Users with 2,000 groups over 80 days. A page of 20 groups, made anew from SQLite: page 1 to page 90 by cursor, and the page that begins so many days ago. In one process without HTTP, in turn.',
  async run({ quick, progress }) {
    const users = quick ? 4 : 20
    using folder = new Folder()
    progress('storing groups')
    await storeGroups(folder.path, { users, groupsOf: () => 2_000, people: 5_000 })
    await using features = await openFeatures(folder.path)
    const { reader } = features.activity
    const read = (user: string, after: string | null) => reader.page(user, { after, limit, types: null, locale: null })
    const depths = [1, 2, 5, 10, 20, 40, 90]
    const starts = new Map<string, string | null>()
    for (let i = 0; i < users; i++) {
      let after: string | null = null
      for (let page = 1; page <= 90; page++) {
        if (depths.includes(page)) starts.set(`${i} ${page}`, after)
        after = (await read(storedUser(i), after)).next
      }
    }
    const effort = { blocks: quick ? 5 : 31, perBlock: quick ? 50 : 200 }
    progress('reading')
    const depth = await cpuMicros(
      depths.map((x) => ({ x, run: (i) => read(storedUser(i % users), starts.get(`${i % users} ${x}`) ?? null) })),
      effort,
    )
    const now = Date.now()
    const age = await cpuMicros(
      [1, 10, 30, 60, 75].map((x) => ({
        x,
        run: (i) => read(storedUser(i % users), `${idBoundAt(now - x * dayMs).slice(0, 9)}0000000000000000`),
      })),
      effort,
    )
    return {
      figures: [
        { what: 'By page number', headwater: shownPoints(depth) },
        { what: 'By age in days', headwater: shownPoints(age) },
      ],
      bars: [slopeBar('Page: deepest against first', depth), slopeBar('Page: oldest against newest', age)],
      plots: [
        slopePlot('Cost of a page by its number', 'page', true, { page: depth }),
        slopePlot('Cost of a page by the age of its groups', 'days', false, { page: age }),
      ],
    }
  },
}

export default benchmark
