import type { Benchmark } from './measuring/benchmark.ts'
import { Child } from './measuring/child.ts'
import { apiKey, Folder, startHeadwater } from './measuring/headwater.ts'
import { latenciesOf, median, shownLatencies } from './measuring/statistics.ts'

const pageProgram = new URL('./load/page-program.ts', import.meta.url)
const ingestProgram = new URL('./load/ingest-program.ts', import.meta.url)
const users = 5_000
const eventsPerS = 20_000
const pagesPerS = 300

interface Latency {
  readonly latenciesMs: Float64Array
  readonly failed: number
}

const benchmark: Benchmark = {
  name: 'page-under-ingest',
  title: 'The list page while events come in',
  method:
    'Pages of 20 groups with badge, 300 a second open loop, of the users whom 20,000 events a second are about (JSON batches of 100, group commit with `synchronous=FULL`): most pages asked for have just changed. Beside it the same server without ingest, in turn.',
  async run({ quick, progress }) {
    const seconds = quick ? 2 : 8
    const blocks = quick ? 1 : 4
    const run = 'busy'
    using folder = new Folder()
    await using server = await startHeadwater(folder.path)
    await using ingest = await Child.start(ingestProgram, [server.ready.url, apiKey])
    await using pages = await Child.start(pageProgram, [server.ready.url])
    progress('first events')
    await ingest.ask('prepare', {
      run,
      seed: 2,
      events: quick ? 40_000 : 200_000,
      users,
      perBatch: 100,
      hotShare: 0.05,
    })
    await ingest.ask('sendAll', 8, 2)
    await pages.ask('prepare', {
      users,
      warmUsers: users,
      warmShare: 1,
      path: '/v1/activities?limit=20',
      named: `${run}-user-`,
    })
    await pages.ask('warmUp')
    await pages.ask('readFor', 4, 8)
    const read = () => pages.ask<Latency>('readSteadily', pagesPerS, seconds, 16)
    const idle: Latency[] = []
    const busy: Latency[] = []
    const held: { p99: number; max: number }[] = []
    let sent = 0
    let refused = 0
    for (let block = 0; block < blocks; block++) {
      progress(`block ${block + 1}: idle`)
      idle.push(await read())
      await ingest.ask('prepare', {
        run,
        seed: 10 + block,
        events: eventsPerS * (seconds + 1),
        users,
        perBatch: 100,
        hotShare: 0.05,
      })
      progress(`block ${block + 1}: 20,000 events a second`)
      const ingested = ingest.ask<Latency & { refused: number }>('sendSteadily', eventsPerS, seconds + 1, 8)
      await new Promise((resolve) => setTimeout(resolve, 500))
      await server.ask('watchLoop')
      busy.push(await read())
      held.push(await server.ask('loopHeldMs'))
      const { latenciesMs, refused: turnedAway, failed } = await ingested
      sent += latenciesMs.length
      refused += turnedAway + failed
    }
    if ([...idle, ...busy].some(({ failed }) => failed > 0)) throw new Error('pages could not be read')
    const p99 = (blocksOf: readonly Latency[]) =>
      median(blocksOf.map(({ latenciesMs }) => latenciesOf(latenciesMs).p99))
    const shown = (blocksOf: readonly Latency[]) =>
      shownLatencies(latenciesOf(blocksOf.flatMap(({ latenciesMs }) => [...latenciesMs])))
    return {
      figures: [
        { what: 'Latency of a page', headwater: shown(busy), peer: `idle: ${shown(idle)}` },
        {
          what: 'The event loop was held for, under load',
          headwater: `p99 ${median(held.map(({ p99: of }) => of)).toFixed(1)} · max ${Math.max(...held.map(({ max }) => max)).toFixed(1)} ms`,
        },
        { what: 'Batches sent, and refused as too many', headwater: `${sent.toLocaleString('en-US')}, ${refused}` },
      ],
      bars: [
        {
          what: 'Page latency under 20,000 events a second, p99',
          measured: p99(busy),
          must: 15,
          aim: 8,
          unit: 'ms',
          better: 'lower',
        },
      ],
    }
  },
}

export default benchmark
