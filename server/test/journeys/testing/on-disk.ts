import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assemble } from '../../../src/assemble.ts'
import { settingsWith } from '../../../src/config/load.ts'
import { openEmbedded } from '../../../src/engines/embedded.ts'
import { settleToEnd } from '../../../src/engines/testing/engines-for-tests.ts'
import { ask } from '../../../src/http/testing/ask.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { systemSeams } from '../../../src/lib/system-seams.ts'
import { virtualSeams } from '../../../src/lib/virtual-seams.ts'
import type { TestServer } from '../../../src/testing.ts'

/** A folder that servers are started on one after the other, under one virtual clock. */
export class Disk implements AsyncDisposable {
  readonly folder: string
  readonly seams = virtualSeams()

  private constructor(folder: string) {
    this.folder = folder
  }

  static async make(): Promise<Disk> {
    return new Disk(await mkdtemp(join(tmpdir(), 'headwater-journey-')))
  }

  /** Starts a server on what is in the folder: the embedded engines, as a deployment runs them. */
  async start(config: Readonly<Record<string, unknown>> = {}): Promise<TestServer> {
    const { seams } = this
    const settings = {
      ...settingsWith({ 'http.port': 0, 'http.rateLimits': 'off', 'data.dir': this.folder, ...config }),
      access: { apiKeys: ['key'], tokenSecrets: ['a secret that only this test server has'] },
      isDevelopment: false,
    }
    const engines = await openEmbedded(settings, seams)
    const { checkEngines, ports } = engines
    const server = await assemble(ports, { config: settings, seams, log: silentLog, webFolder: null, checkEngines })
    const url = await server.listen()
    const { worker } = server.activity
    const close = async (): Promise<void> => {
      let isClosed = false
      const closing = server.close().finally(() => {
        isClosed = true
      })
      while (!isClosed) {
        await systemSeams.scheduler.sleep(1)
        seams.time.advance(100)
      }
      await closing
      await engines[Symbol.asyncDispose]()
    }
    return {
      url,
      apiKey: 'key',
      now: () => seams.clock.now(),
      settle: () => settleToEnd(worker, ports.log),
      async advance(ms) {
        seams.time.advance(ms)
        await settleToEnd(worker, ports.log)
      },
      token: async (userId, { ttlS = 3_600, deviceId = null } = {}) =>
        (await server.access.issue({ userId, ttlS, deviceId })).token,
      request: (method, path, request) => ask({ url, apiKey: 'key' }, method, path, request),
      close,
      [Symbol.asyncDispose]: close,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}
