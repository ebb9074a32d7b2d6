// Many clients that mostly wait, in a process of their own. Arguments: the url, the dialect, how many users,
// the number of the first of them.
import { serve } from '../measuring/child.ts'
import { Crowd, dialects } from './crowd.ts'

const [url = '', dialect = 'headwater', size = '0', first = '0'] = process.argv.slice(2)
let frames = 0
const crowd = new Crowd(url, dialects[dialect as keyof typeof dialects], Number(size), () => frames++, Number(first))

serve(
  {},
  {
    open: (from: number, to: number, inFlight: number) => crowd.open(from, to, inFlight),
    reopen: (from: number, to: number, jitterMs: number) => crowd.reopen(from, to, jitterMs),
    cut: (from: number, to: number) => crowd.cut(from, to),
    frames: () => frames,
    closed: () => crowd.closed,
    refused: () => crowd.refused,
    cpuS: () => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
    live: () => crowd.members.filter(({ isLive }) => isLive).length,
  },
)
