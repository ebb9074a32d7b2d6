import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { openAccess } from '../access/access.ts'
import { type VirtualSeams, virtualSeams } from '../lib/virtual-seams.ts'
import type { BeginOutcome, IdempotencyKey, IdempotencyStore, StoredAnswer } from '../ports/idempotency-store.ts'
import type { Revocation, RevocationStore } from '../ports/revocation-store.ts'
import type { UsedTickets } from '../ports/used-tickets.ts'
import { type App, type AppDependencies, createApp } from './app.ts'
import type { HttpSettings } from './settings.ts'

/** An app for tests of routes: nothing listens, time stands still, and what it keeps is gone with it. */

export const apiKey = 'test-api-key'
export const tokenSecretOfTests = 'current-token-secret-of-32-bytes!'

export const testSettings: HttpSettings = {
  corsOrigins: [],
  trustedProxies: [],
  rateLimits: 'on',
  userRequestsPerS: 50,
  userRequestBurst: 100,
  userWritesPerS: 10,
  userWriteBurst: 50,
  apiKeyRequestsPerS: 0,
  apiKeyRequestBurst: 1_000,
  requestTimeoutMs: 10_000,
  slowRequestMs: 1_000,
  maxBodyBytesInFlight: 128 * 1024 * 1024,
}

export interface TestApp extends AsyncDisposable, Omit<AppDependencies, 'seams'> {
  readonly app: App
  readonly seams: VirtualSeams
  readonly revocations: RevocationStore
  /** As the customer's server, or with what `headers` say. */
  request(options: InjectOptions): Promise<LightMyRequestResponse>
  tokenOf(user: string, ttlS?: number): Promise<string>
}

export async function testApp(
  addRoutes: (
    app: App,
    dependencies: Omit<TestApp, 'request' | 'tokenOf' | 'app' | typeof Symbol.asyncDispose>,
  ) => void,
  changes: Partial<Omit<AppDependencies, 'settings'>> & { readonly settings?: Partial<HttpSettings> } = {},
): Promise<TestApp> {
  const seams = virtualSeams()
  const revocations = memoryRevocations()
  const access = await openAccess(
    { revocations, usedTickets: memoryUsedTickets() },
    { apiKeys: [apiKey], tokenSecrets: [tokenSecretOfTests, 'previous-token-secret-of-32-byte'] },
    seams,
  )
  const dependencies = {
    access,
    revocations,
    idempotency: memoryIdempotency(),
    log: { warn: () => {}, error: () => {} },
    ...changes,
    seams,
    settings: { ...testSettings, ...changes.settings },
  }
  const app = createApp(dependencies)
  addRoutes(app, dependencies)
  return {
    ...dependencies,
    app,
    request: (options) =>
      app.inject({ ...options, headers: { authorization: `Bearer ${apiKey}`, ...options.headers } }),
    tokenOf: async (userId, ttlS = 3_600) => (await access.issue({ userId, ttlS, deviceId: null })).token,
    async [Symbol.asyncDispose]() {
      await app.close()
      await access[Symbol.asyncDispose]()
    },
  }
}

export function memoryRevocations(): RevocationStore {
  const all: Revocation[] = []
  return {
    async revoke(revocation) {
      const kept = { ...revocation, order: all.length + 1 }
      all.push(kept)
      return kept
    },
    since: async (order) => all.filter((revocation) => revocation.order > order),
    purge: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}

export function memoryIdempotency(): IdempotencyStore {
  const records = new Map<string, { bodyHash: string; startedAt: number; leaseEnd: number; answer?: StoredAnswer }>()
  const textOf = ({ principal, route, key }: IdempotencyKey) => JSON.stringify([principal, route, key])
  return {
    async begin(key, bodyHash, now, leaseMs): Promise<BeginOutcome> {
      const found = records.get(textOf(key))
      if (found && found.bodyHash !== bodyHash) return { outcome: 'reused' }
      if (found?.answer) return { outcome: 'answered', answer: found.answer }
      if (found && found.leaseEnd > now) return { outcome: 'running', retryAfterMs: found.leaseEnd - now }
      const startedAt = found?.startedAt ?? now
      records.set(textOf(key), { bodyHash, startedAt, leaseEnd: now + leaseMs })
      return { outcome: 'started', startedAt }
    },
    async complete(key, answer) {
      const found = records.get(textOf(key))
      if (found) found.answer = answer
    },
    async abandon(key) {
      const found = records.get(textOf(key))
      if (found) found.leaseEnd = 0
    },
    purge: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}

function memoryUsedTickets(): UsedTickets {
  const used = new Set<string>()
  return {
    async use(ticketId) {
      const isFirst = !used.has(ticketId)
      used.add(ticketId)
      return isFirst
    },
    async [Symbol.asyncDispose]() {},
  }
}
