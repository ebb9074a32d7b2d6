import assert from 'node:assert/strict'
import { type Harness, runSuite, type Suite, type SuiteOptions } from '../../conformance/frame.ts'
import { whereServicesRun } from '../services-for-tests.ts'
import { openRedis, type RedisPorts } from './open.ts'
import type { RedisSettings } from './settings.ts'
import { dropKeys, killConnections, withConnection } from './testing/namespace.ts'

/**
 * Runs a suite on an engine of this folder; a namespace is a prefix of keys, and each port has connections of its own, as
 * servers do. What a case leaves behind must run out by itself.
 */
export function runOnRedis<Port extends AsyncDisposable>(
  suite: Suite<Port>,
  portOf: (ports: RedisPorts) => Port,
  options: SuiteOptions = {},
): void {
  whereServicesRun(`${suite.name} on redis`, ['redis'], ({ redis }) => {
    const settingsOf = (prefix: string): RedisSettings => ({ ...redis, prefix, commandMs: 5_000 })
    const harness: Harness<Port> = {
      engine: 'redis',
      async open(namespace, seams) {
        const engine = await openRedis(settingsOf(namespace), seams)
        const port = portOf(engine.ports)
        const close = port[Symbol.asyncDispose].bind(port)
        return Object.assign(port, {
          async [Symbol.asyncDispose]() {
            await close()
            await engine[Symbol.asyncDispose]()
          },
        })
      },
      drop: (namespace) => dropKeys(settingsOf(namespace), namespace),
      disturb: {
        async breakPubSub(namespace) {
          const kill = () =>
            withConnection(settingsOf(namespace), (connection) =>
              killConnections(connection, `${namespace}-subscriber`),
            )
          assert.notEqual(await kill(), 0, 'no connection to break')
        },
      },
      time: 'system',
      modelRuns: 15,
    }
    runSuite(suite, harness, options)
  })
}
