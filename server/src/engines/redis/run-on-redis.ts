import assert from 'node:assert/strict'
import { type Harness, runSuite, type Suite, type SuiteOptions } from '../../conformance/frame.ts'
import { systemSeams } from '../../lib/system-seams.ts'
import { whereServicesRun } from '../services-for-tests.ts'
import type { RedisConnection } from './connection.ts'
import { connectRedis, openRedis, type RedisPorts } from './open.ts'
import type { RedisSettings } from './settings.ts'

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
      async drop(namespace) {
        await using connection = await connectRedis(settingsOf(namespace), systemSeams, 'drop')
        const keys = await keysOf(connection, namespace)
        const left = await Promise.all(keys.map((key) => connection.call<number>(['PTTL', key])))
        if (keys.length > 0) await connection.call(['UNLINK', ...keys])
        assert.deepEqual(
          keys.filter((_, i) => left[i] === -1),
          [],
          'keys without a time to live',
        )
      },
      disturb: {
        async breakPubSub(namespace) {
          await using connection = await connectRedis(settingsOf(namespace), systemSeams, 'disturb')
          assert(await killConnections(connection, `${namespace}-subscriber`))
        },
      },
      time: 'system',
      modelRuns: 15,
    }
    runSuite(suite, harness, options)
  })
}

export async function keysOf(connection: RedisConnection, prefix: string): Promise<readonly string[]> {
  const found = new Set<string>()
  let cursor = '0'
  do {
    const scan = ['SCAN', cursor, 'MATCH', `${prefix}:*`, 'COUNT', '1000']
    const [next, keys] = await connection.call<[string, string[]]>(scan)
    for (const key of keys) found.add(key)
    cursor = next
  } while (cursor !== '0')
  return [...found]
}

/** Cuts the connections of this name; gives how many there were. */
export async function killConnections(connection: RedisConnection, name: string): Promise<number> {
  const list = await connection.call<string>(['CLIENT', 'LIST'])
  const ids = list
    .split('\n')
    .flatMap((line) => (line.includes(` name=${name} `) ? (/^id=(\d+)/.exec(line)?.[1] ?? []) : []))
  for (const id of ids) await connection.call(['CLIENT', 'KILL', 'ID', id])
  return ids.length
}
