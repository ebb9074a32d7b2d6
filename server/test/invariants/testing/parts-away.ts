import { assemble } from '../../../src/assemble.ts'
import { settingsWith } from '../../../src/config/load.ts'
import { openMemory } from '../../../src/engines/memory/open.ts'
import { createMemoryStorage } from '../../../src/engines/memory/storage.ts'
import { ask } from '../../../src/http/testing/ask.ts'
import { HeadwaterError } from '../../../src/lib/error.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { virtualSeams } from '../../../src/lib/virtual-seams.ts'
import type { Ports } from '../../../src/ports/ports.ts'
import type { TestServer } from '../../../src/testing.ts'
import { type PartName, partNames, portsOf } from '../../../src/wrapped/watched-parts.ts'

const apiKey = 'test-api-key'
/** Longer than a gateway takes to compare the heads of all its users. */
const roundMs = 40_000

/** A server as in a cluster: it keeps no pages by itself, and the parts in `away` fail every call until they are taken out. */
export async function startWithParts() {
  const seams = virtualSeams({ seed: 1 })
  const away = new Set<PartName>()
  const memory = openMemory(createMemoryStorage({ partitions: 2 }), seams)
  const ports: Record<string, unknown> = { ...memory }
  for (const part of partNames) {
    for (const name of portsOf[part])
      ports[name] = breakable(memory[name as keyof typeof memory] as object, () => away.has(part))
  }
  const config = {
    ...settingsWith({ 'http.port': 0, 'http.rateLimits': 'off' }),
    access: { apiKeys: [apiKey], tokenSecrets: ['a secret that only this test server has'] },
    isDevelopment: false,
  }
  const running = await assemble(ports as unknown as Ports, {
    config,
    seams,
    log: silentLog,
    webFolder: null,
    checkEngines: async () => ({}),
  })
  const url = await running.listen()
  const server = {
    url,
    settle: () => running.activity.worker.settle(),
    async token(userId: string) {
      return (await running.access.issue({ userId, ttlS: 3_600, deviceId: null })).token
    },
    request: (method, path, request) => ask({ url, apiKey }, method, path, request),
  } satisfies Pick<TestServer, 'url' | 'settle' | 'token' | 'request'>

  return {
    server: server as unknown as TestServer,
    away,
    metrics: () => running.metrics.text(),
    /** Lets time pass, whether or not the worker gets on. */
    async pass(ms: number) {
      for (let passed = 0; passed < ms; passed += 100) {
        seams.time.advance(100)
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    /** Lets time pass in steps until something holds, or for `ms`; the worker comes to its end in each. */
    async passUntil(holds: () => boolean, ms = roundMs) {
      for (let passed = 0; passed < ms && !holds(); passed += 1_000) {
        seams.time.advance(1_000)
        await server.settle()
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    async [Symbol.asyncDispose]() {
      away.clear()
      const closed = running.close()
      let isClosed = false
      void closed.finally(() => {
        isClosed = true
      })
      while (!isClosed) {
        seams.time.advance(1_000)
        await new Promise((resolve) => setImmediate(resolve))
      }
      await closed
    },
  }
}

/** Calls that answer at once, as `partitionOf` does, ask nobody and are left alone. */
function breakable(port: object, isAway: () => boolean): object {
  return new Proxy(port, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function' || typeof key === 'symbol' || key === 'partitionOf') return value
      return (...given: unknown[]) =>
        isAway() ? Promise.reject(new HeadwaterError('store_unavailable')) : value.apply(target, given)
    },
  })
}
