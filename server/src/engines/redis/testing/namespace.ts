import assert from 'node:assert/strict'
import { systemScheduler, systemSeams } from '../../../lib/system-seams.ts'
import type { RedisConnection } from '../connection.ts'
import { connectRedis } from '../open.ts'
import type { RedisSettings } from '../settings.ts'

/** A connection of one's own, for what no port can do. */
export async function withConnection<Answer>(
  settings: RedisSettings,
  work: (connection: RedisConnection) => Promise<Answer>,
): Promise<Answer> {
  await using connection = await connectRedis(settings, systemSeams, 'test')
  return await work(connection)
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

/** A machine that has just had its processes killed may be busy. */
export const patience = { commandMs: 60_000, graceMs: 60_000 }
/** A connection takes so many commands at a time and no more. */
const keysAtOnce = 1_000

/** Removes what is under the prefix. Every key must have run out by itself, sooner or later. */
export async function dropKeys(settings: RedisSettings, prefix: string): Promise<void> {
  await withConnection({ ...settings, ...patience }, async (connection) => {
    const forEver: string[] = []
    const keys = await keysOf(connection, prefix)
    for (let from = 0; from < keys.length; from += keysAtOnce) {
      const some = keys.slice(from, from + keysAtOnce)
      const left = await Promise.all(some.map((key) => connection.call<number>(['PTTL', key])))
      forEver.push(...some.filter((_, i) => left[i] === -1))
      await connection.call(['UNLINK', ...some])
    }
    assert.deepEqual(forEver, [], 'keys without a time to live')
  })
}

/** The connections of this name, by id. */
export async function connectionsOf(connection: RedisConnection, name: string): Promise<readonly string[]> {
  const list = await connection.call<string>(['CLIENT', 'LIST'])
  return list
    .split('\n')
    .flatMap((line) => (line.includes(` name=${name} `) ? (/^id=(\d+)/.exec(line)?.[1] ?? []) : []))
}

export async function killConnections(connection: RedisConnection, name: string): Promise<number> {
  const ids = await connectionsOf(connection, name)
  for (const id of ids) await connection.call(['CLIENT', 'KILL', 'ID', id])
  return ids.length
}

/** Asks again until it holds; fails after a time that nothing is expected to come near. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const started = systemSeams.clock.monotonic()
  while (!(await holds())) {
    assert(systemSeams.clock.monotonic() - started < 60_000, `waited in vain: ${what}`)
    await systemScheduler.sleep(20)
  }
}
