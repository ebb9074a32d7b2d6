import { systemScheduler } from '../lib/system-seams.ts'
import { checkUser, groupDifferences } from './check-badges.ts'
import { type Call, type Command, CommandFailure, textOption, wholeNumber } from './command.ts'
import { Expected } from './expected.ts'
import { type Listener, listen } from './listener.ts'
import { sendAll } from './load-sender.ts'
import { Durations } from './percentiles.ts'
import { createProgress } from './progress.ts'
import { reportText, type SimulateReport } from './simulate-report.ts'
import { request, type Target, targetOf, targetOptions } from './target.ts'
import { userName, workload } from './workload.ts'

export const simulate: Command = {
  name: 'simulate',
  summary: 'Drives a realistic load against a running server and checks every count; exit code 1 when one is wrong.',
  arguments: '',
  description:
    'Sends events when they are due, whether or not the server keeps up, while sockets of the busiest users listen. The\nevents are real and stay: its users are named sim-…, one set for each run.',
  options: {
    users: { value: 'N', doc: 'Users who are told things; 1000 when left out.' },
    'events-per-s': { value: 'N', doc: 'Events a second; 500 when left out.' },
    seconds: { value: 'N', doc: 'How long events are sent; 20 when left out.' },
    seed: { value: 'N', doc: 'The same seed gives the same events; 1 when left out.' },
    sockets: { value: 'N', doc: 'Users with a socket, the busiest first; 20 when left out.' },
    batch: { value: 'N', doc: 'Events in a request; 10 when left out.' },
    'hot-percent': { value: 'N', doc: 'Share of the events that are likes of one viral post; 10 when left out.' },
    check: { value: 'N', doc: 'Users whose list and badge are checked at the end; 200 when left out.' },
    run: { value: 'NAME', doc: 'Prefix of the ids of this run; made from the time when left out.' },
    json: { doc: 'Print the report as JSON.' },
    ...targetOptions,
  },
  async run(call) {
    const plan = planOf(call)
    const target = targetOf(call)
    await request(target, 'GET', '/healthz')
    const report = await drive(call, target, plan)
    call.io.out(call.options.json ? JSON.stringify(report, null, 2) : reportText(report))
    return report.faults.length === 0 ? 0 : 1
  },
}

interface Plan {
  readonly run: string
  readonly seed: number
  readonly users: number
  readonly eventsPerS: number
  readonly seconds: number
  readonly hotShare: number
  readonly duplicateShare: number
  readonly sockets: number
  readonly batch: number
  readonly check: number
}

function planOf(call: Call): Plan {
  const number = (name: string, fallback: number, min: number, max: number) =>
    wholeNumber(call, name, fallback, { min, max })
  const users = number('users', 1_000, 2, 10_000_000)
  return {
    run: textOption(call, 'run') ?? `sim-${Date.now().toString(36)}`,
    seed: number('seed', 1, 0, 2 ** 31 - 1),
    users,
    eventsPerS: number('events-per-s', 500, 1, 1_000_000),
    seconds: number('seconds', 20, 1, 86_400),
    hotShare: number('hot-percent', 10, 0, 20) / 100,
    duplicateShare: 0.01,
    sockets: Math.min(users, number('sockets', 20, 0, 10_000)),
    batch: number('batch', 10, 1, 1_000),
    check: number('check', 200, 0, 10_000_000),
  }
}

async function drive(call: Call, target: Target, plan: Plan): Promise<SimulateReport> {
  const progress = createProgress(call.io)
  const pushes = new Durations()
  const expected = new Expected()
  const listeners = await listenAll(target, plan, pushes)
  const total = plan.eventsPerS * plan.seconds
  const events = workload({ ...plan, startMs: Date.now() })
  const on = {
    accepted: (batch: readonly { readonly event: Parameters<Expected['add']>[0] }[]) => {
      for (const { event } of batch) expected.add(event)
    },
    progress: (_dueMs: number, sent: number) => progress.show(sent, total, `${sent} of ${total} events sent`),
  }
  const sending = await sendAll(target, events, plan.batch, on, (ms) => systemScheduler.sleep(ms)).finally(progress.end)
  const checked = expected.users.slice(0, plan.check)
  const differences = await settle(call, target, expected, checked, listeners)
  for (const listener of listeners) listener.close()
  const broken = listeners.flatMap(({ user, faults }) => faults.map((fault) => `socket of ${user}: ${fault}`))
  return {
    plan,
    sending,
    pushes: {
      frames: listeners.reduce((sum, { frames }) => sum + frames, 0),
      sockets: listeners.length,
      latency: pushes.summary(),
    },
    groups: { count: expected.groups, largest: expected.largestGroup },
    checkedUsers: checked.length,
    toldUsers: expected.users.length,
    faults: [...(sending.rejected > 0 ? [`${sending.rejected} events were rejected`] : []), ...broken, ...differences],
  }
}

async function listenAll(target: Target, { run, sockets }: Plan, pushes: Durations): Promise<Listener[]> {
  const users = Array.from({ length: sockets }, (_, index) => userName(run, index))
  try {
    return await Promise.all(users.map((user) => listen(target, user, pushes)))
  } catch (error) {
    throw new CommandFailure((error as Error).message)
  }
}

const settleWithinMs = 30_000
const settlePollMs = 250
const checksAtOnce = 16

/** Views and sockets follow what was accepted within moments: differences count when they are still there after those. */
async function settle(
  call: Call,
  target: Target,
  expected: Expected,
  users: readonly string[],
  listeners: readonly Listener[],
): Promise<string[]> {
  const progress = createProgress(call.io)
  const deadline = performance.now() + settleWithinMs
  let open = [...users]
  let differences: string[] = []
  for (;;) {
    const results = await checkAll(target, expected, open)
    open = open.filter((user) => results.get(user)?.length)
    differences = [...[...results.values()].flat(), ...listeners.flatMap((listener) => heardWrong(expected, listener))]
    progress.show(users.length - open.length, users.length, 'users checked')
    if (differences.length === 0 || performance.now() > deadline) break
    await systemScheduler.sleep(settlePollMs)
  }
  progress.end()
  return differences
}

async function checkAll(target: Target, expected: Expected, users: readonly string[]): Promise<Map<string, string[]>> {
  const results = new Map<string, string[]>()
  const waiting = [...users]
  const work = async (): Promise<void> => {
    for (let user = waiting.pop(); user !== undefined; user = waiting.pop()) {
      results.set(user, await checkUser(target, expected, user))
    }
  }
  await Promise.all(Array.from({ length: checksAtOnce }, work))
  return results
}

function heardWrong(expected: Expected, { user, groups, unread }: Listener): string[] {
  const wanted = expected.groupsOf(user)
  const badge = unread === wanted.size ? [] : [`${user}: the socket says ${unread} unread, counted ${wanted.size}`]
  return [...badge, ...groupDifferences(user, 'was pushed with', wanted, groups)]
}
