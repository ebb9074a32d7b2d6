import type { SendReport } from './load-sender.ts'
import type { Durations } from './percentiles.ts'

export interface SimulateReport {
  readonly plan: {
    readonly run: string
    readonly users: number
    readonly seconds: number
    readonly eventsPerS: number
    readonly seed: number
  }
  readonly sending: SendReport
  readonly pushes: {
    readonly frames: number
    readonly sockets: number
    readonly latency: ReturnType<Durations['summary']>
  }
  readonly groups: { readonly count: number; readonly largest: number }
  readonly checkedUsers: number
  /** Users whom an event was about: there is nothing to compare of the others. */
  readonly toldUsers: number
  /** What is not as it should be, as sentences. */
  readonly faults: readonly string[]
}

const faultsShown = 20

export function reportText({ plan, sending, pushes, groups, checkedUsers, toldUsers, faults }: SimulateReport): string {
  const rate = Math.round((sending.accepted * 1_000) / Math.max(1, sending.elapsedMs))
  const late = sending.postponed > 0 ? `, ${number(sending.postponed)} requests told to come back later` : ''
  const rows: readonly (readonly [string, string])[] = [
    [
      'run',
      `${plan.run}: ${number(plan.users)} users, ${number(plan.eventsPerS)} events/s for ${plan.seconds} s, seed ${plan.seed}`,
    ],
    [
      'events',
      `${number(sending.sent)} sent, ${number(sending.accepted)} accepted, ${number(sending.rejected)} rejected${late}`,
    ],
    ['rate', `${number(rate)} events/s accepted`],
    ['accepted', `${spread(sending.latency)}, from when a request was due`],
    [
      'pushed',
      `${number(pushes.frames)} frames on ${number(pushes.sockets)} sockets; ${spread(pushes.latency)}, from the event's time`,
    ],
    ['groups', `${number(groups.count)}, the largest with ${number(groups.largest)} actors`],
    [
      'badges',
      `lists and badges of ${number(checkedUsers)} users and ${number(pushes.sockets)} sockets compared with our own count${whose(checkedUsers, toldUsers)}`,
    ],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return [...rows.map(([name, text]) => `${name.padEnd(width)}  ${text}`), '', ...verdict(faults)].join('\n')
}

function verdict(faults: readonly string[]): string[] {
  if (faults.length === 0) return ['Everything agrees.']
  const more = faults.length - faultsShown
  return [
    `${number(faults.length)} things are wrong:`,
    ...faults.slice(0, faultsShown).map((fault) => `  ${fault}`),
    ...(more > 0 ? [`  … and ${number(more)} more; --json prints all of them`] : []),
  ]
}

/** Many have no post, so that few are told of likes: who sees fewer users checked than there are is to know why. */
const whose = (checked: number, told: number): string =>
  checked === told ? ': everybody who was told anything' : `, of the ${number(told)} users who were told anything`

const number = (n: number): string => n.toLocaleString('en')

const spread = ({ p50, p99, max }: ReturnType<Durations['summary']>): string =>
  p50 === null || p99 === null || max === null ? 'none' : `p50 ${ms(p50)}, p99 ${ms(p99)}, max ${ms(max)}`

const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
