import { type EventType, eventTypes, limits } from '@headwater/protocol'
import { clusterFields } from './cluster-fields.ts'
import { boolean, choice, type Field, integer, optional, secret, text, texts } from './field.ts'

/**
 * Every configuration key, in the order in which the reference page shows them. A key of section `http` named `someKey`
 * is `http.someKey` in messages, `{"http": {"someKey": …}}` in the file, `HEADWATER_HTTP__SOME_KEY` in the environment
 * and `--http.someKey=…` on the command line.
 */

const second = 1_000
const minute = 60 * second
const day = 24 * 60 * minute
const durationMs = { min: 1, max: day }
const rate = { min: 0, max: 1_000_000 }

/** How events are folded, for all types; `activity.rules.<TYPE>` has the same keys for one type. */
const ruleFields = {
  windowMs: integer(5 * minute, durationMs, 'How long events of one key are folded in memory, from the first one on.'),
  windowKind: choice(
    ['tumbling', 'sliding'],
    'A `tumbling` window ends `windowMs` after its first event, a `sliding` one `slidingWindowMs` after its newest.',
  ),
  slidingWindowMs: integer(15 * minute, durationMs, 'The length of a sliding window, counted from its newest event.'),
  closeAfterMs: integer(
    day,
    { min: minute, max: 7 * day },
    'A group takes in events created within this time of the event that opened it; later ones open a new group.',
  ),
  notifySelf: boolean(false, 'Whether events whose actor is their own target user are told.'),
  reopenReadGroups: boolean(true, 'Whether a new actor makes a read group unread again.'),
}

const optionalRules = {
  windowMs: optional(ruleFields.windowMs),
  windowKind: optional(ruleFields.windowKind),
  slidingWindowMs: optional(ruleFields.slidingWindowMs),
  closeAfterMs: optional(ruleFields.closeAfterMs),
  notifySelf: optional(ruleFields.notifySelf),
  reopenReadGroups: optional(ruleFields.reopenReadGroups),
}

export const schema = {
  engine: choice(
    ['embedded', 'cluster'],
    'Where data is kept: `embedded` = SQLite in the data directory; `cluster` = Kafka, Cassandra, Redis and PostgreSQL.',
  ),
  roles: texts(
    'Which parts this process runs, of `api`, `gateway` (sockets) and `worker`; empty or `all` = all of them. An embedded server always runs all.',
  ),
  data: {
    dir: text('./data', 'The directory that an embedded server keeps its data in; created when missing.', {
      variable: 'HEADWATER_DATA',
      flag: 'data',
    }),
  },
  auth: {
    apiKey: secret(
      'The key that your own server calls with; left out: a development key is made and kept in the data directory.',
      {
        variable: 'HEADWATER_API_KEY',
      },
    ),
    previousApiKey: secret('A second key that is valid as well, while you change from one to the other.'),
    tokenSecret: secret(
      'The secret that user tokens are signed with (HS256, at least 32 bytes); left out: a development secret is made.',
      {
        variable: 'HEADWATER_TOKEN_SECRET',
      },
    ),
    previousTokenSecret: secret(
      'A second secret whose tokens are accepted as well, while you change from one to the other.',
    ),
  },
  http: {
    host: text(
      '127.0.0.1',
      'The address to listen on; any but loopback needs an API key and a token secret of your own.',
      {
        variable: 'HOST',
        flag: 'host',
      },
    ),
    port: integer(7070, { min: 0, max: 65_535 }, 'The port to listen on; 0 = a free one, printed at start.', {
      variable: 'PORT',
      flag: 'port',
    }),
    corsOrigins: texts('Origins whose pages may call the API from a browser; empty = CORS is off.'),
    allowedOrigins: texts("Origins whose pages may open sockets, besides the server's own and those of `corsOrigins`."),
    trustedProxies: texts(
      "Proxies whose `X-Forwarded-For` is believed, for limits by address: addresses, networks (`10.0.0.0/8`), `loopback`, `linklocal` or `uniquelocal`; empty = nobody's.",
    ),
    rateLimits: choice(['on', 'off'], 'The rate limits as a whole.'),
    userRequestsPerS: integer(50, rate, 'Requests a second that one user token may make; 0 = no limit.'),
    userRequestBurst: integer(100, rate, 'Requests that a user token may make at once after a pause.'),
    userWritesPerS: integer(
      10,
      rate,
      'Writes a second that one user token may make, counted among its requests too; 0 = no limit.',
    ),
    userWriteBurst: integer(50, rate, 'Writes that a user token may make at once after a pause.'),
    apiKeyRequestsPerS: integer(0, rate, 'Requests a second that the API key may make; 0 = no limit.'),
    apiKeyRequestBurst: integer(1_000, rate, 'Requests that the API key may make at once after a pause.'),
    requestTimeoutMs: integer(10 * second, durationMs, 'How long a request may take to arrive in full.'),
    slowRequestMs: integer(second, durationMs, 'Requests that take longer are logged.'),
    maxInFlightEvents: integer(
      50_000,
      { min: 1, max: 10_000_000 },
      'Events on their way into the log at one time; past it callers get `503 overloaded`.',
    ),
    maxInFlightMs: integer(
      2 * second,
      durationMs,
      'How long events may be on their way into the log; while the oldest take longer, callers get `503 overloaded`.',
    ),
    maxBodyBytesInFlight: integer(
      128 * 1024 * 1024,
      { min: 1, max: 2 ** 40 },
      'Bytes of bodies under way at one time with the API key, and as many of all users together; past it callers get `503 overloaded`.',
    ),
  },
  log: {
    level: choice(
      ['info', 'trace', 'debug', 'warn', 'error', 'fatal'],
      'The least severe messages that the server writes about itself.',
    ),
    partitions: optional(
      integer(
        4,
        { min: 1, max: 512 },
        'Partitions of the event log, fixed when the data directory is made or restored; left out: what the data directory has, and 4 in a new one.',
      ),
    ),
    retentionDays: integer(
      30,
      { min: 1, max: 3_650 },
      'How long records are kept in the event log; the views keep what came of them. On a cluster the server drops none that `kafka.retentionDays` keeps longer.',
    ),
    maxLag: integer(
      200_000,
      { min: 1, max: 100_000_000 },
      'Records in the log that no worker has folded yet; past it callers get `503 overloaded`.',
    ),
    maxLagMs: integer(
      10 * second,
      { min: 0, max: day },
      'How far the worker may be behind; past it callers get `503 overloaded` until it has caught up. 0 = however far, and `maxLag` alone counts. On a cluster it is known to within three seconds.',
    ),
  },
  activity: {
    ...ruleFields,
    flushMs: integer(
      250,
      { min: 0, max: minute },
      'A user is written once in this time at most: in the long run when somebody listens, else always; groups that open do not wait.',
    ),
    openWindowsMax: optional(
      integer(
        20_000,
        { min: 1, max: 10_000_000 },
        'Windows kept in memory; past it those to which nothing came lately are let go early, the oldest first. Left out: 20,000, and 200,000 on a cluster, where it costs more to load one again.',
      ),
    ),
    retentionDays: integer(
      limits.retentionDays,
      { min: 1, max: 3_650 },
      'Groups opened longer ago are neither listed nor counted; the store drops them a week later. Events may be 90 days old at most, whatever this says.',
    ),
    cataloguesDir: text(
      '',
      'A folder of summary catalogues, `<language>.json` each: languages of your own, or sentences that replace ours (docs/guide/languages.md); empty = none.',
    ),
    retryBudgetMs: integer(
      30 * second,
      durationMs,
      'How long a failing write is tried again before the worker starts over from the log.',
    ),
    rules: Object.fromEntries(eventTypes.map((type) => [type, optionalRules])) as Record<
      EventType,
      typeof optionalRules
    >,
  },
  gateway: {
    pingIntervalMs: integer(20 * second, durationMs, 'How often the server pings an open socket.'),
    silenceTimeoutMs: integer(
      60 * second,
      durationMs,
      'A socket whose client is silent for this long is closed with 4002.',
    ),
    authTimeoutMs: integer(10 * second, durationMs, 'How long a new socket may wait before its `auth` frame.'),
    socketsPerUser: integer(
      limits.socketsPerUser,
      { min: 1, max: 10_000 },
      'Open sockets of one user on this server; one more is closed with 4504.',
    ),
    maxSockets: integer(
      50_000,
      { min: 1, max: 10_000_000 },
      'Open sockets on this server; one more is refused as overloaded.',
    ),
    outboundBytes: integer(
      limits.outboundBytes,
      { min: 1_024, max: 1 << 30 },
      'Bytes queued for one slow socket before it is closed with 4001.',
    ),
    outboundFrames: integer(
      limits.outboundFrames,
      { min: 1, max: 1_000_000 },
      'Frames queued for one slow socket before it is closed with 4001.',
    ),
    ackFlushMs: integer(second, durationMs, 'How often the positions that devices have confirmed are written.'),
    drainMs: integer(10 * second, durationMs, 'How long a stopping server takes to close its sockets.'),
  },
  cluster: clusterFields.cluster,
  kafka: clusterFields.kafka,
  cassandra: clusterFields.cassandra,
  redis: clusterFields.redis,
  postgres: clusterFields.postgres,
  demo: {
    enabled: boolean(true, 'Demo users with ready-made logins; they exist only with the development API key.'),
  },
} as const

type Tree = { readonly [name: string]: Field<unknown> | Tree }
type ValueOf<Node> = Node extends Field<infer Value> ? Value : { readonly [Name in keyof Node]: ValueOf<Node[Name]> }

/** The configuration as its consumers get it: each section is the argument of one part of the server. */
export type Settings = ValueOf<typeof schema>
export type HttpSettings = Settings['http']
export type LogSettings = Settings['log']
export type GatewaySettings = Settings['gateway']
export type ActivityConfig = Settings['activity']

/** One field with its place in the tree. */
export interface Key {
  /** As in messages: `http.someKey`. */
  readonly name: string
  readonly path: readonly string[]
  readonly variable: string
  readonly field: Field<unknown>
}

const isField = (node: Field<unknown> | Tree): node is Field<unknown> => typeof node.parse === 'function'

function keysOf(tree: Tree, path: readonly string[] = []): Key[] {
  return Object.entries(tree).flatMap(([name, node]) => {
    const here = [...path, name]
    if (!isField(node)) return keysOf(node, here)
    return [
      { name: here.join('.'), path: here, variable: `HEADWATER_${here.map(constantCase).join('__')}`, field: node },
    ]
  })
}

/** `someKey` as `SOME_KEY`. */
const constantCase = (name: string): string => name.replace(/([a-z\d])([A-Z])/g, '$1_$2').toUpperCase()

export const keys: readonly Key[] = keysOf(schema)
