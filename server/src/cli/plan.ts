import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { costsWith, shippedCosts, type UnitCosts } from './capacity/costs.ts'
import { type PlanInputs, planDefaults } from './capacity/inputs.ts'
import { planCapacity } from './capacity/plan.ts'
import { type Call, type Command, CommandFailure, type OptionSpec, textOption, UsageError } from './command.ts'
import { humanNumber } from './human-number.ts'
import { planText } from './plan-report.ts'

interface Range {
  readonly min: number
  readonly max: number
}

const count: Range = { min: 0, max: 1e12 }
const share: Range = { min: 0, max: 100 }

/** Options that are numbers, with what they set. Shares are given in per cent. */
const numbers: readonly (readonly [option: string, key: keyof PlanInputs, range: Range, doc: string])[] = [
  ['peak-to-mean', 'peakToMean', { min: 1, max: 100 }, 'Events of the busiest second over those of the mean one'],
  ['viral-percent', 'viralShare', share, 'Share of the events that join a group which is being written anyway'],
  ['viral-events-per-s', 'viralEventsPerS', { min: 1, max: 1e9 }, 'Events a second that such a group gets'],
  ['flush-ms', 'flushMs', { min: 1, max: 60_000 }, 'activity.flushMs'],
  ['groups-per-user', 'groupsPerUser', { min: 0, max: 1e6 }, 'Groups of a user in --group-days'],
  ['event-bytes', 'eventBytes', { min: 1, max: 1e6 }, 'Bytes of an event on the log'],
  ['json-bytes', 'jsonBytes', { min: 1, max: 1e6 }, 'Bytes of an event in a request'],
  ['batch', 'batch', { min: 1, max: 1_000 }, 'Events in a request'],
  ['opens-per-day', 'opensPerDay', { min: 0, max: 10_000 }, 'Times a day that a user opens the list'],
  [
    'sockets-per-gateway',
    'socketsPerGateway',
    { min: 1, max: 1e7 },
    'Sockets that a gateway may have to hold, also with a zone lost',
  ],
  ['utilisation-percent', 'utilisation', { min: 1, max: 95 }, 'CPU in use in the busiest second, all zones up'],
  [
    'zones',
    'zones',
    { min: 1, max: 9 },
    'Zones in equal parts, any one of which may be lost; 1 = one node more of each part',
  ],
  ['replication', 'replication', { min: 1, max: 9 }, 'Copies of each record and row'],
  ['log-days', 'logDays', { min: 1, max: 3_650 }, 'How long the log is kept'],
  ['group-days', 'groupDays', { min: 1, max: 3_650 }, 'How long groups are kept'],
  [
    'traced-percent',
    'tracedShare',
    share,
    'Share of the events whose trace is kept for a day, as `redis.tracePercent`',
  ],
]

const isShare = (option: string): boolean => option.endsWith('-percent')
const wholeOnly: readonly (keyof PlanInputs)[] = ['zones', 'replication', 'batch']
const defaultOf = (option: string, key: keyof PlanInputs): number => {
  const value = Number(planDefaults[key as keyof typeof planDefaults])
  return isShare(option) ? value * 100 : value
}

const options: Readonly<Record<string, OptionSpec>> = {
  dau: { value: 'N', doc: 'Users who come in a day, as in 200M; required.' },
  'events-per-s': { value: 'N', doc: 'Events in the busiest second, as in 500k; required.' },
  sockets: { value: 'N', doc: 'Open sockets in the busiest minute, as in 10M; required.' },
  ...Object.fromEntries(
    numbers.map(([option, key, , doc]) => [
      option,
      { value: 'N', doc: `${doc}; ${defaultOf(option, key)} when left out.` },
    ]),
  ),
  fence: { value: 'KIND', doc: 'How Cassandra is written to, lwt or stamp; lwt when left out.' },
  'unit-costs': { value: 'FILE', doc: 'A JSON file with unit costs in place of those that are shipped.' },
  json: { doc: 'Print the plan as JSON, with the unit costs and where each comes from.' },
}

export const plan: Command = {
  name: 'plan',
  summary: 'Tells how many nodes of each part a load needs, with cores, memory, disk and network.',
  arguments: '',
  description:
    'Asks no server. Numbers may be written as 200M, 500k or 1.5M. The model and its assumptions are in\ndocs/internals/capacity.md; several unit costs are estimates, which the answer says.',
  options,
  async run(call) {
    const inputs = inputsOf(call)
    const result = planCapacity(inputs, unitCostsOf(call))
    call.io.out(call.options.json ? JSON.stringify(result, null, 2) : planText(result))
    return 0
  },
}

function inputsOf(call: Call): PlanInputs {
  const given = numbers.flatMap(([option, key, range]) => {
    const value = numberOf(call, option, range)
    if (value === undefined) return []
    if (wholeOnly.includes(key) && !Number.isInteger(value)) throw new UsageError(`--${option} expects a whole number`)
    return [[key, isShare(option) ? value / 100 : value] as const]
  })
  return {
    ...planDefaults,
    ...Object.fromEntries(given),
    dau: required(call, 'dau'),
    eventsPerS: required(call, 'events-per-s'),
    sockets: required(call, 'sockets'),
    fence: fenceOf(call),
  }
}

function numberOf(call: Call, option: string, { min, max }: Range): number | undefined {
  const text = textOption(call, option)
  if (text === undefined) return undefined
  const value = humanNumber(text) ?? Number.NaN
  if (value >= min && value <= max) return value
  const example = max >= 1e6 ? ', as in 500k' : ''
  throw new UsageError(
    `--${option} expects a number from ${min} to ${max.toLocaleString('en')}${example}, not ${JSON.stringify(text)}`,
  )
}

function required(call: Call, option: string): number {
  const value = numberOf(call, option, count)
  if (value === undefined)
    throw new UsageError(`--${option} is missing, as in --dau 200M --events-per-s 500k --sockets 10M`)
  return value
}

function fenceOf(call: Call): PlanInputs['fence'] {
  const fence = textOption(call, 'fence') ?? planDefaults.fence
  if (fence === 'lwt' || fence === 'stamp') return fence
  throw new UsageError(`--fence expects lwt or stamp, not ${JSON.stringify(fence)}`)
}

function unitCostsOf(call: Call): UnitCosts {
  const file = textOption(call, 'unit-costs')
  if (file === undefined) return shippedCosts
  try {
    return costsWith(JSON.parse(readFileSync(resolve(call.io.cwd, file), 'utf8')))
  } catch (error) {
    throw new CommandFailure(`${file}: ${faultOf(error as NodeJS.ErrnoException)}`)
  }
}

function faultOf(error: NodeJS.ErrnoException): string {
  if (error instanceof SyntaxError) return `this is not JSON: ${error.message}`
  if (error.code === undefined) return error.message
  return error.code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${error.code})`
}
