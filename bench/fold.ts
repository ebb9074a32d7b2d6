import { serverFlags } from '../server/bin/pinned-node.mjs'
import type { Benchmark } from './measuring/benchmark.ts'
import { Child } from './measuring/child.ts'
import { inPairs } from './measuring/pairs.ts'
import { median } from './measuring/statistics.ts'

const program = new URL('./load/fold-program.ts', import.meta.url)

const benchmark: Benchmark = {
  name: 'fold',
  title: 'Aggregation alone',
  method:
    '500,000 likes, one in twenty taken back, of 100,000 actors on 5,000 posts, folded in memory on one thread, with what a flush takes out of it every 25,000 events. The peer is a plain loop over `Map`s that keeps the same register of each actor and a count, and neither the newest actors with their metadata, nor unread positions, traces, windows, late events, nor anything to be written. Both in one process with the memory settings that the server runs with.',
  async run({ quick, progress }) {
    await using folding = await Child.start(program, [String(quick ? 50_000 : 500_000)], serverFlags)
    progress('warming up')
    await folding.ask('ours')
    await folding.ask('plain')
    const {
      ratio,
      ours: own,
      peers,
    } = await inPairs(
      quick ? 1 : 9,
      () => folding.ask<number>('ours'),
      () => folding.ask<number>('plain'),
      (nanos) => 1 / nanos,
    )
    const shown = (nanos: readonly number[]) => `${Math.round(1e9 / median(nanos)).toLocaleString('en-US')}`
    return {
      figures: [
        { what: 'Events per CPU-second', headwater: shown(own), peer: shown(peers) },
        {
          what: 'Ratio (95 % interval)',
          headwater: `${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)})`,
        },
      ],
      bars: [
        { what: 'Fold against a plain loop', measured: ratio.median, must: 0.4, aim: 0.8, unit: '×', better: 'higher' },
      ],
    }
  },
}

export default benchmark
