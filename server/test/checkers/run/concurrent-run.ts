import { setTimeout } from 'node:timers/promises'
import { settingsWith } from '../../../src/config/load.ts'
import { openEmbedded } from '../../../src/engines/embedded.ts'
import { systemClock, systemSeams } from '../../../src/lib/system-seams.ts'
import { seededRandom } from '../../../src/lib/virtual-seams.ts'
import type { LogRecord } from '../../../src/model/log-record.ts'
import { crashConfig } from '../../crash/child-contract.ts'
import { ServerLives } from '../../crash/server-lives.ts'
import { pick } from '../../model/random-events.ts'
import type { History } from '../history.ts'
import { ApiClient } from './api-client.ts'
import { AppClient } from './app-client.ts'
import { Callers, users } from './callers.ts'
import { Recorder } from './recorder.ts'

/** Lines of history that a life is worth at least. */
const entriesPerLife = 300

export interface ConcurrentRunOptions {
  readonly folder: string
  readonly seed: number
  readonly kills: number
  /** A life is between half of this and all of it, counted from when it listens; milliseconds. */
  readonly lifeMsMax: number
}

/**
 * Sixteen clients of the real program on a data directory: they write, repeat, read, mark, delete and listen, all at once,
 * while the program is killed again and again. Then calm, until everything is folded and told; and the log as it is stored.
 */
export async function concurrentRun({ folder, seed, kills, lifeMsMax }: ConcurrentRunOptions): Promise<History> {
  const recorder = new Recorder()
  const random = seededRandom(seed)
  const callers = new Callers(random, systemClock.now)
  using lives = new ServerLives(folder, [])
  using open = new DisposableStack()
  const client = (name: string) => new ApiClient(name, lives, recorder)
  const apps = users.flatMap((user) =>
    ['phone', 'laptop'].map((device) => {
      const name = `${user}-${device}`
      return open.use(new AppClient(user, name, { lives, api: client(name), recorder }))
    }),
  )
  const listening = apps.map((app) => app.run())
  const working = [
    ...['writer-0', 'writer-1', 'writer-2'].map((name) => callers.run(client(name), callers.writer())),
    ...['keyed-0', 'keyed-1'].map((name) => callers.run(client(name), callers.keyed())),
    ...users.flatMap((user) => [
      callers.run(client(`reader-${user}`), callers.reader(user)),
      callers.run(client(`marker-${user}`), callers.marker(user)),
    ]),
    callers.run(client('deleter'), callers.deleter('bob')),
    callers.run(client('breaker'), async () => apps[pick(random, apps.length * 8)]?.hangUp()),
  ]
  const failed = Promise.all([...working, ...listening])
  failed.catch(() => {})
  for (let i = 0; i <= kills; i++) {
    await Promise.race([lives.url(), failed])
    // The moment is what is tried here: no event stands for it.
    await setTimeout(lifeMsMax / 2 + pick(random, lifeMsMax / 2))
    // On a busy machine a life takes longer: what happens in it is what counts.
    const wanted = (i + 1) * entriesPerLife
    while (recorder.entries.length < wanted) await Promise.race([setTimeout(20), failed])
    if (i === kills) break
    recorder.note('kill')
    lives.kill()
    await lives.ended()
  }
  callers.end()
  await Promise.all(working)
  await settle(client('settler'), callers, apps, recorder)
  open.dispose()
  await Promise.all(listening)
  await lives.stop()
  recorder.observe('log', 'operator', null, { records: await readLog(folder) })
  return recorder.entries
}

/** One more event for everyone; once it is told, so is everything before it. */
export async function settle(
  client: ApiClient,
  callers: Callers,
  apps: readonly AppClient[],
  recorder: Recorder,
): Promise<void> {
  const last = users.map((user) => callers.last(user))
  while (!(await client.append(last)));
  for (const { event_id } of last) {
    for (;;) {
      const answer = await client.ask('GET', `/v1/events/${event_id}`)
      if (answer?.status === 200 && answer.body.state !== 'pending') break
    }
  }
  for (const user of users) {
    const page = await client.page(user)
    if (!page) throw new Error('a calm server gave no page')
    recorder.observe('final', client.proc, user, page)
    for (const app of apps) if (app.user === user) await app.reached(page.seq)
  }
}

export async function readLog(folder: string): Promise<readonly LogRecord[]> {
  await using engines = await openEmbedded(crashConfig(settingsWith, folder), systemSeams)
  const { log } = engines.ports
  const all: LogRecord[] = []
  for (let partition = 0; partition < log.info.partitions; partition++) {
    const { start, end } = await log.bounds(partition)
    const { records } = await log.read(partition, start, end - start + 1)
    all.push(...records)
  }
  return all
}
