import { isIP } from 'node:net'
import type { Problem } from './config-error.ts'
import { allRoles, isRole, rolesOf } from './roles.ts'
import type { Settings } from './schema.ts'

/** What one key alone cannot tell: keys that must fit each other, and what is not there. */
export function checkSettings(settings: Settings, sourceOf: ReadonlyMap<string, string>): Problem[] {
  const { gateway, http } = settings
  const problems: Problem[] = []
  const demand = (key: string, holds: boolean, message: string): void => {
    if (!holds) problems.push({ key, source: sourceOf.get(key) ?? 'options', message })
  }

  for (const role of settings.roles) {
    demand('roles', role === 'all' || isRole(role), `there is no role ${JSON.stringify(role)}: ${allRoles.join(', ')}`)
  }
  if (settings.engine === 'embedded') {
    demand(
      'roles',
      rolesOf(settings).size === allRoles.length,
      'an embedded server keeps its data to itself, so one process runs all roles; engine cluster can part them',
    )
  } else {
    for (const { key, addresses, isOne, as } of addressesOf(settings)) {
      demand(
        key,
        addresses.length > 0,
        'engine cluster needs it; `npm run services -- up` starts services to try it with',
      )
      demand(key, addresses.every(isOne), `expected ${as}`)
    }
    demand(
      'cluster.namespace',
      /^[a-z][a-z0-9_]{0,39}$/.test(settings.cluster.namespace),
      'must be lower-case letters, digits and _, a letter first, at most 40',
    )
  }
  demand(
    'gateway.silenceTimeoutMs',
    gateway.silenceTimeoutMs > gateway.pingIntervalMs,
    `must be above gateway.pingIntervalMs (${gateway.pingIntervalMs}), or quiet sockets are closed before they can answer`,
  )
  for (const key of ['corsOrigins', 'allowedOrigins'] as const) {
    for (const origin of http[key]) {
      const hint = 'is no origin: write scheme, host and port, as in https://app.example.com'
      demand(`http.${key}`, isOrigin(origin), `${JSON.stringify(origin)} ${hint}`)
    }
  }
  for (const proxy of http.trustedProxies) {
    const hint = 'is neither an address nor a network: write 192.0.2.7, 10.0.0.0/8, fd00::/8 or loopback'
    demand('http.trustedProxies', isNetwork(proxy), `${JSON.stringify(proxy)} ${hint}`)
  }
  for (const key of ['apiKey', 'previousApiKey'] as const) {
    const hint = 'has a blank, a line end or a letter that is not ASCII, which no Authorization header can carry'
    demand(`auth.${key}`, /^[!-~]*$/.test(settings.auth[key]), hint)
  }
  if (!isLoopback(http.host)) {
    for (const { key, variable, value, bytesMin } of secretsOf(settings)) {
      for (const fault of faultsOf(value, bytesMin, variable)) {
        demand(key, false, `${fault} on ${http.host}, which others can reach`)
      }
    }
  }
  return problems
}

/** What holds on loopback alone, and is told there: others would not have to guess for long. */
export function weakSecrets(settings: Settings): string[] {
  return secretsOf(settings)
    .filter(({ value, bytesMin }) => value !== '' && Buffer.byteLength(value) < bytesMin)
    .map(
      ({ key, bytesMin }) => `${key} is short and will do on loopback alone: it should have ${bytesMin} bytes or more`,
    )
}

interface Addresses {
  readonly key: string
  readonly addresses: readonly string[]
  readonly isOne: (address: string) => boolean
  readonly as: string
}

/** A URL is not shown where it is wrong: there may be a password in it. */
const addressesOf = ({ kafka, cassandra, redis, postgres }: Settings): readonly Addresses[] => [
  {
    key: 'kafka.brokers',
    addresses: kafka.brokers,
    isOne: (address) => /^(\[[\da-f:.]+\]|[^\s:/@]+):\d{1,5}$/i.test(address),
    as: 'host:port of each, as in kafka-1:9092',
  },
  {
    key: 'cassandra.contactPoints',
    addresses: cassandra.contactPoints,
    isOne: (address) => /^(\[[\da-f:.]+\]|[^\s:/@]+)(:\d{1,5})?$/i.test(address),
    as: 'host:port of each, as in cassandra-1:9042',
  },
  {
    key: 'redis.url',
    addresses: redis.url === '' ? [] : [redis.url],
    isOne: isRedisUrl,
    as: 'a URL as in redis://user:password@host:6379, with special characters of the password encoded (% is %25)',
  },
  {
    key: 'postgres.url',
    addresses: postgres.url === '' ? [] : [postgres.url],
    isOne: (url) => /^(postgres(ql)?:\/\/|socket:)/.test(url),
    as: 'a URL as in postgres://user:password@host:5432/database',
  },
]

function isRedisUrl(text: string): boolean {
  try {
    const { protocol, hostname, username, password, pathname } = new URL(text)
    for (const part of [username, password]) decodeURIComponent(part)
    return /^rediss?:$/.test(protocol) && hostname !== '' && /^(\/\d*)?$/.test(pathname)
  } catch {
    return false
  }
}

/** A token secret must withstand guessing offline (RFC 7518, section 3.2); a key is only ever tried against the server. */
const apiKeyBytesMin = 16
const tokenSecretBytesMin = 32

interface Secret {
  readonly key: string
  readonly value: string
  readonly bytesMin: number
  /** How to set it, where it must be set. */
  readonly variable?: string
}

function secretsOf({ auth }: Settings): Secret[] {
  const { apiKey, previousApiKey, tokenSecret, previousTokenSecret } = auth
  const all: Secret[] = [
    { key: 'auth.apiKey', value: apiKey, bytesMin: apiKeyBytesMin, variable: 'HEADWATER_API_KEY' },
    { key: 'auth.previousApiKey', value: previousApiKey, bytesMin: apiKeyBytesMin },
    { key: 'auth.tokenSecret', value: tokenSecret, bytesMin: tokenSecretBytesMin, variable: 'HEADWATER_TOKEN_SECRET' },
    { key: 'auth.previousTokenSecret', value: previousTokenSecret, bytesMin: tokenSecretBytesMin },
  ]
  return all.filter(({ value, variable }) => value !== '' || variable)
}

function faultsOf(value: string, bytesMin: number, variable: string | undefined): string[] {
  if (value === '') return [`set ${variable}: a development secret is not enough`]
  if (isExample(value)) return ['this looks like an example or a development secret, which is not enough']
  if (Buffer.byteLength(value) < bytesMin) return [`fewer than ${bytesMin} bytes are not enough`]
  return []
}

/** Words of manuals and templates, secrets that a server made for development, and a few characters over and over. */
const isExample = (secret: string): boolean =>
  /^dev_|change.?me|example|placeholder|your.?(api|secret|token|key)/i.test(secret) || new Set(secret).size < 8

export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '')
  return name === 'localhost' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name) || name === '::ffff:127.0.0.1'
}

function isOrigin(text: string): boolean {
  try {
    return new URL(text).origin === text && text !== 'null'
  } catch {
    return false
  }
}

const namedNetworks: readonly string[] = ['loopback', 'linklocal', 'uniquelocal']

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || more.length > 0) return namedNetworks.includes(text)
  return prefix === undefined || (/^[1-9]\d*$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128))
}
