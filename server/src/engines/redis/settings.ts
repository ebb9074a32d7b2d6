/** Where Redis is, and what it may be used for. Times are milliseconds. */
export interface RedisSettings {
  readonly host: string
  readonly port: number
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly tls?: boolean | undefined
  readonly database?: number | undefined
  /** Before every key and channel, so that several servers may share one Redis. */
  readonly prefix?: string | undefined
  /** How long an answer may take. */
  readonly commandMs?: number | undefined
  /** How long a command waits for a connection that has just broken. */
  readonly graceMs?: number | undefined
  /** Calls that may be under way; more are refused. */
  readonly maxInFlight?: number | undefined
  /** A node's interest in a user, and the node itself, are forgotten after so long without a heartbeat. */
  readonly interestTtlMs?: number | undefined
  readonly heartbeatMs?: number | undefined
  /** How often a node looks whether Redis still knows it. */
  readonly checkMs?: number | undefined
  /** Largest pub/sub message; a batch that is larger is split. */
  readonly messageBytes?: number | undefined
  /** Unread sets of users who ask for no badge go after so long. */
  readonly unreadTtlMs?: number | undefined
  /** Groups and marks of one unread set; a larger one is not kept, and its counts come from the stores. */
  readonly unreadMaxGroups?: number | undefined
  readonly offlineTtlMs?: number | undefined
  readonly traceTtlMs?: number | undefined
  /** The share of events whose traces are kept, 0–1. */
  readonly traceShare?: number | undefined
  /** Hears of every connection that is lost or could not be made; to be logged. */
  readonly onFailure?: ((error: unknown) => void) | undefined
}

export type RedisLimits = {
  readonly [Key in Exclude<
    keyof RedisSettings,
    'host' | 'port' | 'username' | 'password' | 'tls' | 'database'
  >]-?: Exclude<RedisSettings[Key], undefined>
}

const dayMs = 24 * 3_600_000

export const defaults: RedisLimits = {
  prefix: 'headwater',
  commandMs: 1_000,
  graceMs: 250,
  maxInFlight: 10_000,
  interestTtlMs: 120_000,
  heartbeatMs: 30_000,
  checkMs: 5_000,
  messageBytes: 256 * 1_024,
  unreadTtlMs: dayMs,
  unreadMaxGroups: 5_000,
  offlineTtlMs: 3 * dayMs,
  traceTtlMs: dayMs,
  traceShare: 1,
  onFailure: () => {},
}

export function withDefaults(settings: RedisSettings): RedisLimits {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined)
  const limits: RedisLimits = { ...defaults, ...Object.fromEntries(given) }
  // A brace would move the hash tag, and a user's keys apart.
  if (/[{}\s]/.test(limits.prefix)) throw new RangeError('a Redis key prefix has neither braces nor spaces')
  return limits
}
