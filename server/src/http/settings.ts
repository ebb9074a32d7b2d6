import type { RateLimit } from '../access/rate-limits.ts'

export interface HttpSettings {
  readonly rateLimits: 'on' | 'off'
  readonly userRequests: RateLimit
  readonly userWrites: RateLimit
  /** Wrong keys and tokens from one address. */
  readonly failedAuthentications: RateLimit
  /** Origins that browsers may call from; empty = CORS is off. */
  readonly corsOrigins: readonly string[]
  readonly requestTimeoutMs: number
  readonly slowRequestMs: number
}

export const httpDefaults: HttpSettings = {
  rateLimits: 'on',
  userRequests: { perSecond: 50, burst: 100 },
  userWrites: { perSecond: 10, burst: 50 },
  failedAuthentications: { perSecond: 100 / 60, burst: 100 },
  corsOrigins: [],
  requestTimeoutMs: 10_000,
  slowRequestMs: 1_000,
}
