import { type Harness, runSuite, type Suite, type SuiteOptions } from '../../conformance/frame.ts'
import type { PostgresDatabase } from './database.ts'
import { dropSchema, openInSchema, wherePostgresRuns } from './testing/schema.ts'

/**
 * Runs a suite on an engine of this folder. A case has a schema of its own; all its ports have a database, a pool, of
 * their own, as servers do.
 */
export function runOnPostgres<Port extends AsyncDisposable>(
  suite: Suite<Port>,
  open: (db: PostgresDatabase) => Port,
  options: SuiteOptions = {},
): void {
  wherePostgresRuns(suite.name, ({ url }) => runSuite(suite, harnessOf(url, open), options))
}

const harnessOf = <Port extends AsyncDisposable>(url: string, open: (db: PostgresDatabase) => Port): Harness<Port> => ({
  engine: 'postgres',
  async open(namespace, seams) {
    const database = await openInSchema(url, namespace, seams)
    const port = open(database)
    const close = port[Symbol.asyncDispose].bind(port)
    return Object.assign(port, {
      async [Symbol.asyncDispose]() {
        await close()
        await database[Symbol.asyncDispose]()
      },
    })
  },
  drop: (namespace) => dropSchema(url, namespace),
  time: 'system',
  modelRuns: 15,
})
