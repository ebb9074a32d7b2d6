import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '../../../src/lib/log.ts'
import { systemClock } from '../../../src/lib/system-seams.ts'
import { seededRandom } from '../../../src/lib/virtual-seams.ts'
import { userOf } from '../../../src/model/log-record.ts'
import { openData } from '../../../src/server.ts'
import { findingsOf } from '../../checkers/check-history.ts'
import { formatHistory, type History } from '../../checkers/history.ts'
import { ApiClient, type Reachable } from '../../checkers/run/api-client.ts'
import { AppClient } from '../../checkers/run/app-client.ts'
import { Callers, users } from '../../checkers/run/callers.ts'
import { settle } from '../../checkers/run/concurrent-run.ts'
import { Recorder } from '../../checkers/run/recorder.ts'
import { targets, Workload } from '../../crash/workload.ts'
import { page, walk } from '../../journeys/testing/calls.ts'
import { pick } from '../../model/random-events.ts'
import { eventually } from '../../stress/testing/eventually.ts'
import { ClusterCaller } from './cluster-caller.ts'
import type { TestCluster } from './test-cluster.ts'

/** Callers of a cluster think longer: its processes share the machine with them. */
const thinkMs = 300

export interface LoadOptions {
  readonly cluster: TestCluster
  readonly seed: number
  /** Where clients reach it; left out: at its front door. */
  readonly through?: Reachable
  /** How long the workers may take, once all is calm, until nothing is left to fold. */
  readonly lagMs?: number
}

/** What was done while something was done to the cluster. */
export interface Load {
  /** Rounds of the workload that were answered as a whole. */
  readonly rounds: number
  /** Resolves after so many more rounds; rejects when the load breaks. */
  moreRounds(count: number): Promise<void>
}

export interface LoadReport {
  readonly history: History
  readonly records: number
  readonly rounds: number
  readonly unanswered: number
}

/**
 * Clients of every kind at work through the front door while something is done to the cluster; then calm, and everything
 * that must hold: nothing acknowledged is lost or counted twice, every socket was told each change once or `reset`, badges
 * equal recounts, all readers see the same, and nothing is left to fold.
 */
export async function underLoad(
  { cluster, seed, through = cluster, lagMs = 30_000 }: LoadOptions,
  disturb: (load: Load) => Promise<void>,
): Promise<LoadReport> {
  const recorder = new Recorder()
  const random = seededRandom(seed)
  const callers = new Callers(random, systemClock.now, thinkMs)
  const client = (name: string) => new ApiClient(name, through, recorder)
  using open = new DisposableStack()
  const apps = users.flatMap((user) =>
    ['phone', 'laptop'].map((device) => {
      const name = `${user}-${device}`
      return open.use(new AppClient(user, name, { lives: through, api: client(name), recorder }))
    }),
  )
  const caller = new ClusterCaller(through)
  const rounds = new Rounds(new Workload(caller, seed))
  // Also where something fails: callers that went on would keep the process, and nobody would hear what it was.
  open.defer(() => {
    callers.end()
    rounds.end()
  })
  const listening = Promise.all(apps.map((app) => app.run()))
  const working = Promise.all([
    ...['writer-0', 'writer-1'].map((name) => callers.run(client(name), callers.writer())),
    ...['keyed-0', 'keyed-1'].map((name) => callers.run(client(name), callers.keyed())),
    ...users.flatMap((user) => [
      callers.run(client(`reader-${user}`), callers.reader(user)),
      callers.run(client(`marker-${user}`), callers.marker(user)),
    ]),
    callers.run(client('deleter'), callers.deleter('bob')),
    callers.run(client('breaker'), async () => apps[pick(random, apps.length * 8)]?.hangUp()),
    rounds.run(),
  ])
  const broken = Promise.all([working, listening]).then(() => {})
  broken.catch(() => {})
  await Promise.race([disturb({ rounds: rounds.count, moreRounds: (count) => rounds.more(count) }), broken])
  await cluster.allListening()
  callers.end()
  rounds.end()
  await working
  await settle(client('settler'), callers, apps, recorder)
  await rounds.workload.settle()
  await eventually('all is folded', async () => (await cluster.log.lag()) === 0, {
    withinMs: lagMs,
    standing: () => 'records are left in the log',
  })
  await assertCounts(cluster, rounds.workload)
  open.dispose()
  await listening
  const records = await cluster.log.records()
  const checked = new Set<string>(users)
  recorder.observe('log', 'operator', null, { records: records.filter(({ value }) => checked.has(userOf(value))) })
  assertAtWork(recorder.entries)
  const findings = findingsOf(recorder.entries)
  if (findings.length > 0) keep(recorder.entries, cluster)
  assert.deepEqual(findings.slice(0, 10), [])
  assert.deepEqual(caller.faults, [])
  const lost = lostOf(rounds.workload, records)
  assert.deepEqual(lost.slice(0, 5), [], `${lost.length} acknowledged events are lost`)
  await assertVerified(cluster)
  return { history: recorder.entries, records: records.length, rounds: rounds.count, unanswered: caller.unanswered }
}

/** The rounds of a workload, one after the other. */
class Rounds {
  readonly workload: Workload
  count = 0
  #isOver = false
  #changed = Promise.withResolvers<void>()

  constructor(workload: Workload) {
    this.workload = workload
  }

  async run(): Promise<void> {
    while (!this.#isOver) {
      await this.workload.round()
      this.count++
      this.#changed.resolve()
      this.#changed = Promise.withResolvers()
    }
  }

  async more(count: number): Promise<void> {
    const wanted = this.count + count
    while (this.count < wanted) await this.#changed.promise
  }

  end(): void {
    this.#isOver = true
  }
}

/** Checks of a history in which nothing happened would find nothing. */
function assertAtWork(history: History): void {
  for (const f of ['append', 'keyed', 'page', 'mark', 'connect', 'frame'])
    assert.ok(
      history.some((entry) => entry.f === f && entry.type === 'ok'),
      `there is some ${f}`,
    )
}

/** What was acknowledged, counted plainly, is what a page of every API shows; and its badge is a recount of it. */
async function assertCounts(cluster: TestCluster, { count }: Workload): Promise<void> {
  for (const { name } of cluster.of('api')) {
    const api = await cluster.server(name)
    for (const user of targets) {
      const { unread_count, unseen_count } = await page(api, user)
      const groups = await walk(api, user)
      const safe = groups.filter((group) => group.object_id.startsWith('safe-'))
      assert.deepEqual(
        new Map(safe.map((group) => [group.object_id, group.actor_count] as const).sort()),
        new Map([...count.of(user)].filter(([object]) => object.startsWith('safe-')).sort()),
        `${name}: actors by object of ${user}`,
      )
      assert.equal(safe.length, new Set(safe.map((group) => group.object_id)).size, `${name}: one group an object`)
      assert.ok(!groups.some((group) => group.object_id.startsWith('gone-')), `${name}: deleted objects are gone`)
      assert.equal(unread_count, groups.filter((group) => !group.is_read).length, `${name}: badge of ${user}`)
      assert.equal(unseen_count, groups.filter((group) => !group.is_seen).length, `${name}: unseen of ${user}`)
    }
  }
}

function lostOf({ count }: Workload, records: Awaited<ReturnType<TestCluster['log']['records']>>): readonly string[] {
  const stored = new Set(records.flatMap(({ value }) => (value.kind === 'event' ? value.event.eventId : [])))
  return [...count.acknowledged].filter((id) => !stored.has(id))
}

/** What the stores hold is what the log says: groups, members, badges. */
export async function assertVerified(cluster: TestCluster): Promise<void> {
  await using data = await openData(cluster.config(), { log: silentLog })
  const report = await data.verify(() => {})
  assert.deepEqual(report.differences.slice(0, 5), [], 'the views are not what the log says')
  assert.ok(report.users > 0 && report.replayed > 0, 'something was looked at')
}

/** For whoever looks into it. */
function keep(history: History, cluster: TestCluster): void {
  const path = join(tmpdir(), `headwater-history-${cluster.namespace}.jsonl`)
  writeFileSync(path, formatHistory(history))
  writeFileSync(`${path}.log`, cluster.lines.join('\n'))
  console.error(`the history is in ${path}`)
}
