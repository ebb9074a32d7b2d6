import type { EventInput } from '@headwater/protocol'
import { cpuMicros, openFeatures, shownPoints, slopeBar, slopePlot } from './load/in-process.ts'
import type { Benchmark } from './measuring/benchmark.ts'
import { Folder } from './measuring/headwater.ts'

const perEvent = 64

const benchmark: Benchmark = {
  name: 'slope-group-size',
  title: 'Cost of an event and of a page by actors in the group',
  method:
    'Groups of 10 to 1,000,000 actors, each of a user of its own, made by as many events. Each of them has 19 small groups beside it. Per group: 64 likes by actors who are new to it, from their acceptance until the group is stored (all threads), and the page of 20 groups that shows it. In one process without HTTP, in turn.',
  async run({ quick, progress }) {
    const sizes = quick ? [10, 1_000, 10_000] : [10, 1_000, 100_000, 1_000_000]
    using folder = new Folder()
    await using features = await openFeatures(folder.path)
    const { ingest, activity } = features
    const userOf = (size: number, copy: number) => `fan-of-${size}-${copy}`
    const like = (user: string, actor: string, object = 'post'): EventInput => ({
      event_type: 'LIKE',
      actor_id: actor,
      target_user_id: user,
      object_type: 'POST',
      object_id: object,
    })
    const send = async (events: EventInput[]) => {
      for (let from = 0; from < events.length; from += 500) await ingest.submit(events.slice(from, from + 500), {})
    }
    const effort = { blocks: quick ? 5 : 21, perBlock: 1 }
    // A small group would not be small after a few rounds: it has a new copy for each of them.
    const copies = effort.blocks + 2
    const copyOf = (size: number, i: number) => (size < 10_000 ? i % copies : 0)
    for (const size of sizes) {
      progress(`a group of ${size.toLocaleString('en-US')} actors`)
      for (let copy = 0; copy < (size < 10_000 ? copies : 1); copy++) {
        await send(Array.from({ length: 19 }, (_, i) => like(userOf(size, copy), 'an-actor', `other-${i}`)))
        for (let from = 0; from < size; from += 10_000) {
          const events = Array.from({ length: Math.min(10_000, size - from) }, (_, i) =>
            like(userOf(size, copy), `actor-${from + i}`),
          )
          await send(events)
          await activity.worker.settle()
        }
      }
    }
    progress('adding and reading')
    let fresh = 0
    const added = await cpuMicros(
      sizes.map((x) => ({
        x,
        run: async (i) => {
          const user = userOf(x, copyOf(x, i))
          await send(Array.from({ length: perEvent }, () => like(user, `new-${fresh++}`)))
          await activity.worker.settle()
        },
      })),
      effort,
    )
    const event = added.map(([x, cost]): readonly [number, number] => [x, cost / perEvent])
    const page = await cpuMicros(
      sizes.map((x) => ({
        x,
        run: (i) =>
          activity.reader.page(userOf(x, copyOf(x, i)), { after: null, limit: 20, types: null, locale: null }),
      })),
      { blocks: effort.blocks, perBlock: 300 },
    )
    return {
      figures: [
        { what: 'An event, stored', headwater: shownPoints(event) },
        { what: 'The page with the group', headwater: shownPoints(page) },
      ],
      bars: [
        slopeBar('An event: largest against smallest group', event),
        slopeBar('A page: largest against smallest group', page),
      ],
      plots: [slopePlot(benchmark.title, 'actors in the group', true, { event, page })],
    }
  },
}

export default benchmark
