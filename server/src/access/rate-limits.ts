import { LRUCache } from 'lru-cache'
import type { Clock } from '../lib/seams.ts'

/** So many a second, and up to `burst` at once after a pause. */
export interface RateLimit {
  readonly perSecond: number
  readonly burst: number
}

export interface RateVerdict {
  readonly allowed: boolean
  readonly limit: number
  readonly remaining: number
  /** Seconds until the whole burst is there again. */
  readonly resetS: number
  /** Seconds until the next request passes; 0 when it would now. */
  readonly retryAfterS: number
}

interface Bucket {
  tokens: number
  filledAt: number
}

/**
 * Token buckets in memory, one a key. The least recently used are forgotten beyond `keysMax`, which at worst grants a new
 * burst: the bound on memory is worth more than the last request refused.
 */
export function createRateLimiter({ perSecond, burst }: RateLimit, clock: Clock, keysMax = 50_000) {
  const buckets = new LRUCache<string, Bucket>({ max: keysMax })

  const fill = (key: string): Bucket => {
    const now = clock.monotonic()
    let bucket = buckets.get(key)
    if (!bucket) {
      bucket = { tokens: burst, filledAt: now }
      buckets.set(key, bucket)
    }
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.filledAt) / 1000) * perSecond)
    bucket.filledAt = now
    return bucket
  }
  const verdict = (bucket: Bucket, allowed: boolean): RateVerdict => ({
    allowed,
    limit: burst,
    remaining: Math.floor(bucket.tokens),
    resetS: Math.ceil((burst - bucket.tokens) / perSecond),
    retryAfterS: allowed ? 0 : Math.max(1, Math.ceil((1 - bucket.tokens) / perSecond)),
  })

  return {
    /** Takes one, if there is one. */
    take(key: string): RateVerdict {
      const bucket = fill(key)
      const allowed = bucket.tokens >= 1
      if (allowed) bucket.tokens -= 1
      return verdict(bucket, allowed)
    },
  }
}

/** The key of an address: whoever has one IPv6 address has the 2^64 of its network, so the network counts. */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!address.includes(':')) return address
  const [head = '', tail = ''] = address.toLowerCase().split('%', 1)[0]!.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === '' ? [] : tail.split(':')
  const zeros = Math.max(0, 8 - before.length - after.length)
  return [...before, ...Array<string>(zeros).fill('0'), ...after]
    .slice(0, 4)
    .map((part) => part.replace(/^0+(?=.)/, ''))
    .join(':')
}
