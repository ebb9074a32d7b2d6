import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What operators and tests read from `/metrics`. Labels hold routes and roles, never ids of users. */
export interface Metrics {
  readonly eventsAccepted: Counter
  readonly eventsRejected: Counter
  readonly eventsApplied: Counter
  readonly groupWrites: Counter
  readonly recordsParked: Counter
  readonly recordsDropped: Counter
  /** Records that are in the log and not yet in the views. */
  readonly logLag: Gauge
  /** How long the oldest record has been waiting that is not in the views. */
  readonly logLagSeconds: Gauge
  /** Requests with events that were refused because there was too much to do, by reason. */
  readonly ingestRefusals: Counter
  readonly sockets: Gauge
  /** Users who have one or more of them, each with a subscription. */
  readonly socketUsers: Gauge
  /** Sockets that the server closed, by reason. */
  readonly socketCloses: Counter
  /** Seconds from accepted to written to the socket. */
  readonly pushSeconds: Histogram
  readonly storeReads: Counter
  readonly offlineQueueEntries: Gauge
  readonly openWindows: Gauge
  /** Of an embedded server: the database and what is written ahead of it. */
  readonly databaseBytes: Gauge
  readonly databaseWalBytes: Gauge
  /** 1 while what the server stands on answers, 0 while it fails, by part. */
  readonly partUp: Gauge
  observeRequest(method: string, route: string | undefined, status: number, seconds: number): void
  /** Read when the page is asked for, so that a gauge costs nothing between. */
  onCollect(read: () => void | Promise<void>): void
  text(): Promise<string>
  readonly contentType: string
}

const pushBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

/** Requests of one method, route and status. */
interface RequestKind {
  readonly method: string
  readonly status: number
  readonly count: { inc(by: number): void }
  readonly seconds: { observe(value: number): void }
  /** Seconds of requests that are not counted yet: one at a time that costs several times what it does in a row. */
  waiting: number[]
}

const waitingMax = 256

function count(kind: RequestKind): void {
  kind.count.inc(kind.waiting.length)
  for (const seconds of kind.waiting) kind.seconds.observe(seconds)
  kind.waiting = []
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const counter = (name: string, help: string) => new Counter({ name, help, registers })
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers })
  const requests = new Counter({
    name: 'headwater_http_requests_total',
    help: 'Requests answered, by route and status',
    labelNames: ['method', 'route', 'status'],
    registers,
  })
  const requestSeconds = new Histogram({
    name: 'headwater_http_request_seconds',
    help: 'Seconds from the first byte of a request to the last of its answer, by route',
    labelNames: ['method', 'route'],
    buckets: requestBuckets,
    registers,
  })
  const byRoute = new Map<string, RequestKind[]>()
  const kindOf = (method: string, route: string, status: number): RequestKind => {
    const count = requests.labels({ method, route, status })
    const kind = { method, status, count, seconds: requestSeconds.labels({ method, route }), waiting: [] }
    byRoute.set(route, [...(byRoute.get(route) ?? []), kind])
    return kind
  }
  const collectors: (() => void | Promise<void>)[] = []

  return {
    eventsAccepted: counter('headwater_events_accepted_total', 'Events accepted: durable in the log'),
    eventsRejected: counter('headwater_events_rejected_total', 'Events refused for what is in them, one by one'),
    eventsApplied: counter(
      'headwater_events_applied_total',
      'Accepted events that are folded into the views, or change nothing',
    ),
    groupWrites: counter('headwater_group_writes_total', 'Group rows written to the store'),
    recordsParked: counter(
      'headwater_records_parked_total',
      'Records that could not be folded and were set aside; `headwater parked list` shows them',
    ),
    recordsDropped: counter(
      'headwater_records_dropped_total',
      'Records that Kafka dropped by its retention before a worker folded them: what they say is missing for good',
    ),
    logLag: gauge('headwater_log_lag', 'Records in the log that are not yet in the views'),
    logLagSeconds: gauge(
      'headwater_log_lag_seconds',
      'How long the oldest record has waited that is not yet in the views',
    ),
    ingestRefusals: new Counter({
      name: 'headwater_ingest_refusals_total',
      help: 'Requests with events that were refused as overloaded: too many in flight, stored too slowly, or the worker too far behind',
      labelNames: ['reason'],
      registers,
    }),
    sockets: gauge('headwater_sockets', 'Open sockets'),
    socketUsers: gauge('headwater_socket_users', 'Users with open sockets'),
    socketCloses: new Counter({
      name: 'headwater_socket_closes_total',
      help: 'Sockets that the server closed, by reason; those that clients closed are not counted',
      labelNames: ['reason'],
      registers,
    }),
    pushSeconds: new Histogram({
      name: 'headwater_push_seconds',
      help: 'Seconds from an event being accepted to its frame being written to a socket',
      buckets: pushBuckets,
      registers,
    }),
    storeReads: counter('headwater_store_reads_total', 'Reads that reached a store'),
    offlineQueueEntries: gauge('headwater_offline_queue_entries', 'Entries in offline queues'),
    openWindows: gauge('headwater_open_windows', 'Keys whose events are folded in memory at the moment'),
    databaseBytes: gauge('headwater_database_bytes', 'Size of the embedded database'),
    databaseWalBytes: gauge('headwater_database_wal_bytes', 'Size of the write-ahead log of the embedded database'),
    partUp: new Gauge({
      name: 'headwater_part_up',
      help: 'Whether what the server stands on answers (1) or fails (0), by part: log, store, users, cache',
      labelNames: ['part'],
      registers,
    }),
    observeRequest(method, route = 'none', status, seconds) {
      const kind =
        byRoute.get(route)?.find((known) => known.status === status && known.method === method) ??
        kindOf(method, route, status)
      kind.waiting.push(seconds)
      if (kind.waiting.length === waitingMax) count(kind)
    },
    onCollect: (read) => void collectors.push(read),
    async text() {
      // What cannot be read keeps its last value: the page is needed most when something is down.
      await Promise.allSettled(collectors.map(async (read) => read()))
      for (const kinds of byRoute.values()) kinds.forEach(count)
      return registry.metrics()
    },
    contentType: registry.contentType,
  }
}
