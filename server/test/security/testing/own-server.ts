import { assemble } from '../../../src/assemble.ts'
import { settingsWith } from '../../../src/config/load.ts'
import { openEmbedded } from '../../../src/engines/embedded.ts'
import { openMemory } from '../../../src/engines/memory/open.ts'
import { createMemoryStorage } from '../../../src/engines/memory/storage.ts'
import { temporaryFolder } from '../../../src/engines/sqlite/testing/temporary-folder.ts'
import { type Log, silentLog } from '../../../src/lib/log.ts'
import { systemSeams } from '../../../src/lib/system-seams.ts'
import { type VirtualSeams, virtualSeams } from '../../../src/lib/virtual-seams.ts'
import type { Ports } from '../../../src/ports/ports.ts'
import type { TestServer } from '../../../src/testing.ts'
import { ask } from '../../bad-input/testing/wire.ts'

export const apiKey = 'key-Wq8Zr3Tn5Lx7Vb2M'
export const tokenSecrets = ['current-secret-Hs6Kd9Pf4Jm1Rc8Y', 'previous-secret-Gt3Nv7Bz5Qw2Xl6E']

export interface OwnOptions {
  /** On a database in a folder that goes with the server. Default: in memory. */
  readonly onDisk?: boolean
  /** Where on disk, for who looks into it; left out: somewhere that goes away with the server. */
  readonly folder?: string
  readonly log?: Log
  readonly webFolder?: string
  readonly config?: Readonly<Record<string, unknown>>
  /** Puts itself between the server and its stores. */
  readonly wrap?: (ports: Ports) => Ports
}

/** A test server whose secrets, log, engine and stores a test chooses; otherwise as `startHeadwater` makes it. */
export interface OwnServer extends TestServer {
  readonly ports: Ports
  readonly seams: VirtualSeams
}

export async function ownServer({
  onDisk,
  folder,
  log = silentLog,
  webFolder,
  config = {},
  wrap,
}: OwnOptions = {}): Promise<OwnServer> {
  const seams = virtualSeams()
  await using opened = new AsyncDisposableStack()
  const settings = settingsWith({ 'http.port': 0, 'http.rateLimits': 'off', ...config })
  const engines = onDisk
    ? opened.use(
        await openEmbedded({ ...settings, data: { dir: folder ?? opened.use(temporaryFolder()).path } }, seams),
      )
    : { ports: openMemory(createMemoryStorage(), seams, { maxLag: settings.log.maxLag }) }
  const ports = wrap ? wrap(engines.ports) : engines.ports
  const server = await assemble(ports, {
    config: { ...settings, access: { apiKeys: [apiKey], tokenSecrets }, isDevelopment: false },
    seams,
    log,
    webFolder: webFolder ?? null,
    checkEngines: async () => ({}),
  })
  opened.defer(() => closing(server.close(), seams))
  const url = await server.listen()
  const parts = opened.move()
  const close = () => parts.disposeAsync()
  const test: OwnServer = {
    url,
    apiKey,
    ports,
    seams,
    now: () => seams.clock.now(),
    async advance(ms) {
      seams.time.advance(ms)
      await server.activity.worker.settle()
    },
    settle: () => server.activity.worker.settle(),
    token: async (userId, { ttlS = 3_600, deviceId = null } = {}) =>
      (await server.access.issue({ userId, ttlS, deviceId })).token,
    async request(method, path, request = {}) {
      const { status, headers, body, text } = await ask(test, { method, path, ...request })
      return { status, headers: new Headers(headers), body: body ?? text }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
  return test
}

/** Open sockets are given a while to say goodbye, by the clock that nobody else moves now. */
async function closing(closed: Promise<void>, seams: VirtualSeams): Promise<void> {
  let isClosed = false
  const done = closed.finally(() => {
    isClosed = true
  })
  while (!isClosed) {
    await systemSeams.scheduler.sleep(1)
    seams.time.advance(100)
  }
  await done
}
