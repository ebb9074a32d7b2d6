import { after } from 'node:test'
import { type Harness, runSuite, type Suite, type SuiteOptions } from '../../conformance/frame.ts'
import type { Seams } from '../../lib/seams.ts'
import { systemSeams } from '../../lib/system-seams.ts'
import { type Services, whereServicesRun } from '../services-for-tests.ts'
import type { CassandraDatabase } from './database.ts'
import { openCassandra } from './open.ts'
import type { CassandraSettings, Fence } from './settings.ts'

/** What one process of tests has in a cluster: making tables takes seconds, and what a case needs are users of its own. */
export interface TestKeyspace {
  readonly settings: CassandraSettings
  /** Two connections, so that two ports of a case are two servers. */
  databases(): Promise<readonly [CassandraDatabase, CassandraDatabase]>
}

export const fences: readonly Fence[] = ['lwt', 'stamp']

/** Declares tests on a keyspace that goes away with them. */
export function onCassandra(what: string, fence: Fence, register: (keyspace: TestKeyspace) => void): void {
  whereServicesRun(`${what} on cassandra (${fence})`, ['cassandra'], (services) => {
    const settings = settingsOf(services, fence)
    const opening: Promise<CassandraDatabase>[] = []
    register({
      settings,
      databases: async () => {
        if (opening.length === 0) opening.push(...[1, 2].map(() => openCassandra(settings, systemSeams)))
        const [one, two] = await Promise.all(opening)
        return [one as CassandraDatabase, two as CassandraDatabase]
      },
    })
    after(async () => {
      const opened = (await Promise.allSettled(opening)).flatMap((each) =>
        each.status === 'fulfilled' ? [each.value] : [],
      )
      await opened[0]?.drop()
      for (const each of opened) await each[Symbol.asyncDispose]()
    })
  })
}

function settingsOf({ cassandra }: Services, fence: Fence): CassandraSettings {
  const name = Buffer.from(systemSeams.random.bytes(6)).toString('hex')
  return { ...cassandra, keyspace: `hw_test_${name}`, replication: 1, fence, ttlDays: 97, requestTimeoutMs: 20_000 }
}

/** Runs a suite under both fences. */
export function runOnCassandra<Port extends AsyncDisposable>(
  suite: Suite<Port>,
  open: (db: CassandraDatabase, seams: Seams) => Port,
  options: SuiteOptions = {},
): void {
  for (const fence of fences) {
    onCassandra(suite.name, fence, ({ databases }) => {
      let opens = 0
      const harness: Harness<Port> = {
        engine: `cassandra (${fence})`,
        open: async (_namespace, seams) => open((await databases())[opens++ % 2] as CassandraDatabase, seams),
        time: 'system',
        modelRuns: 40,
      }
      runSuite(suite, harness, options)
    })
  }
}
