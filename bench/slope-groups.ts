import { cpuMicros, openFeatures, shownPoints, slopeBar, slopePlot } from './load/in-process.ts'
import { storedUser, storeGroups } from './load/stored-groups.ts'
import type { Benchmark } from './measuring/benchmark.ts'
import { Folder } from './measuring/headwater.ts'

const benchmark: Benchmark = {
  name: 'slope-groups',
  title: 'Cost of the list and the badge by groups per user',
  method:
    'Users with 20, 200, 2,000 and 20,000 groups in one store. Per user: the first page of 20 groups made anew (read from SQLite, names and marks put in), the badge at hand, and the badge counted anew from the store. All in one process without HTTP, in turn.',
  async run({ quick, progress }) {
    const sizes = quick ? [20, 200, 2_000] : [20, 200, 2_000, 20_000]
    const perSize = 10
    using folder = new Folder()
    progress('storing groups')
    await storeGroups(folder.path, {
      users: sizes.length * perSize,
      groupsOf: (user) => sizes[Math.floor(user / perSize)]!,
      people: 5_000,
    })
    await using features = await openFeatures(folder.path)
    const { reader } = features.activity
    const effort = { blocks: quick ? 5 : 31, perBlock: quick ? 50 : 200 }
    const userOf = (size: number, i: number) => storedUser(sizes.indexOf(size) * perSize + (i % perSize))
    progress('reading')
    const list = await cpuMicros(
      sizes.map((x) => ({
        x,
        run: (i) => reader.page(userOf(x, i), { after: null, limit: 20, types: null, locale: null }),
      })),
      effort,
    )
    const badge = await cpuMicros(
      sizes.map((x) => ({ x, run: (i) => reader.badge(userOf(x, i)) })),
      {
        ...effort,
        perBlock: effort.perBlock * 10,
      },
    )
    const rebuilt = await cpuMicros(
      sizes.map((x) => ({
        x,
        run: async (i) => {
          await features.ports.unread.drop([userOf(x, i)])
          return reader.badge(userOf(x, i))
        },
      })),
      effort,
    )
    return {
      figures: [
        { what: 'First page, made anew', headwater: shownPoints(list) },
        { what: 'Badge', headwater: shownPoints(badge) },
        { what: 'Badge, counted anew', headwater: shownPoints(rebuilt) },
      ],
      bars: [
        slopeBar('First page: most against fewest groups', list),
        slopeBar('Badge: most against fewest groups', badge),
        slopeBar('Badge counted anew: most against fewest groups', rebuilt),
      ],
      plots: [
        slopePlot(benchmark.title, 'groups of the user', true, { 'first page': list, badge, 'counted anew': rebuilt }),
      ],
    }
  },
}

export default benchmark
