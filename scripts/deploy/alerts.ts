import { schema } from '../../server/src/config/schema.ts'

/** One alert: what is asked, for how long it has to hold, and what it means to whoever is woken. */
export interface Alert {
  readonly name: string
  readonly expr: string
  readonly for: string
  readonly severity: 'critical' | 'warning'
  readonly summary: string
  readonly description: string
}

const { log, gateway, http } = schema
const maxLagS = log.maxLagMs.default / 1_000
const slowRequestS = http.slowRequestMs.default / 1_000

/** All of them are by namespace, so that two installations under one Prometheus do not hide each other. */
export const alerts: readonly Alert[] = [
  {
    name: 'HeadwaterBehind',
    expr: `max by (namespace) (headwater_log_lag_seconds) > ${maxLagS}`,
    for: '2m',
    severity: 'warning',
    summary: 'Accepted events take too long to be seen',
    description: `The oldest record has waited {{ $value | humanizeDuration }}. Past log.maxLagMs (${maxLagS} s by default) the API refuses events. More workers, or a slow store?`,
  },
  {
    name: 'HeadwaterStands',
    expr: 'max by (namespace) (headwater_log_lag) > 0 and sum by (namespace) (rate(headwater_events_applied_total[5m])) == 0',
    for: '5m',
    severity: 'critical',
    summary: 'No worker applies anything, and records wait',
    description: 'Look at the logs of the workers, and at Cassandra: nothing is lost, and nothing is shown.',
  },
  {
    name: 'HeadwaterRefusesEvents',
    expr: 'sum by (namespace, reason) (rate(headwater_ingest_refusals_total[5m])) > 0',
    for: '5m',
    severity: 'critical',
    summary: 'Events are refused as overloaded: {{ $labels.reason }}',
    description:
      '{{ printf "%.2g" $value }} requests a second are told to come back. Callers that do not try again lose events.',
  },
  {
    name: 'HeadwaterFails',
    expr: 'sum by (namespace) (rate(headwater_http_requests_total{status=~"5.."}[5m])) / sum by (namespace) (rate(headwater_http_requests_total[5m])) > 0.01',
    for: '5m',
    severity: 'critical',
    summary: 'More than one request in a hundred fails',
    description:
      '{{ $value | humanizePercentage }} of the requests are answered with 5xx. GET /readyz of an API says which part does not work.',
  },
  {
    name: 'HeadwaterSlow',
    expr: `histogram_quantile(0.99, sum by (namespace, route, le) (rate(headwater_http_request_seconds_bucket{route!="/v1/activities/stream"}[5m]))) > ${slowRequestS}`,
    for: '10m',
    severity: 'warning',
    summary: 'Slow requests: {{ $labels.route }}',
    description: 'One request in a hundred takes longer than {{ $value | humanizeDuration }}.',
  },
  {
    name: 'HeadwaterSlowPushes',
    expr: 'histogram_quantile(0.99, sum by (namespace, le) (rate(headwater_push_seconds_bucket[5m]))) > 1',
    for: '10m',
    severity: 'warning',
    summary: 'Open sockets hear of events late',
    description: 'One frame in a hundred leaves {{ $value | humanizeDuration }} after its event was accepted.',
  },
  {
    name: 'HeadwaterGatewayFull',
    expr: `headwater_sockets > ${gateway.maxSockets.default * 0.9}`,
    for: '5m',
    severity: 'warning',
    summary: '{{ $labels.instance }} is nearly full',
    description: `It holds {{ $value | humanize }} sockets; past gateway.maxSockets (${gateway.maxSockets.default} by default) it refuses more. If a zone were lost, the others could not take over.`,
  },
  {
    name: 'HeadwaterSocketsLost',
    expr: 'sum by (namespace) (headwater_sockets) < 0.7 * sum by (namespace) (headwater_sockets offset 5m) and sum by (namespace) (headwater_sockets offset 5m) > 1000',
    for: '1m',
    severity: 'critical',
    summary: 'A third of the sockets is gone',
    description: '{{ $value | humanize }} are open. A gateway, a load balancer or a network between has cut them.',
  },
  {
    name: 'HeadwaterSlowReaders',
    expr: 'sum by (namespace) (rate(headwater_socket_closes_total{reason="slow_consumer"}[10m])) > 1',
    for: '10m',
    severity: 'warning',
    summary: 'Many sockets are closed because their clients read too slowly',
    description: '{{ printf "%.2g" $value }} a second. A bad release of a client, or a network that is full?',
  },
  {
    name: 'HeadwaterPartDown',
    expr: 'min by (namespace, part) (headwater_part_up) == 0',
    for: '2m',
    severity: 'critical',
    summary: 'What the servers stand on fails: {{ $labels.part }}',
    description:
      'log is Kafka, store Cassandra, users PostgreSQL, cache Redis. The rest goes on without it, and it heals by itself when it is back.',
  },
  {
    name: 'HeadwaterParked',
    expr: 'sum by (namespace) (increase(headwater_records_parked_total[15m])) > 0',
    for: '0m',
    severity: 'warning',
    summary: 'Records could not be folded and were set aside',
    description:
      '{{ printf "%.0f" $value }} in 15 minutes. Everything behind them goes on; what they say is missing from pages.',
  },
  {
    name: 'HeadwaterDropped',
    expr: 'sum by (namespace) (increase(headwater_records_dropped_total[15m])) > 0',
    for: '0m',
    severity: 'critical',
    summary: 'Kafka dropped records before they were folded',
    description:
      '{{ printf "%.0f" $value }} in 15 minutes. What they say is missing from pages for good: the workers were away for longer than kafka.retentionDays, or somebody deleted records.',
  },
  {
    name: 'HeadwaterSilent',
    expr: 'absent(headwater_events_accepted_total)',
    for: '5m',
    severity: 'critical',
    summary: 'No Headwater tells its metrics',
    description: 'Nothing runs, or Prometheus may not ask: GET /metrics needs the API key.',
  },
  {
    name: 'HeadwaterWalGrows',
    expr: 'headwater_database_wal_bytes > 2 ^ 30',
    for: '15m',
    severity: 'warning',
    summary: 'The write-ahead log of {{ $labels.instance }} is not moved to its place',
    description: 'It has {{ $value | humanize1024 }}B. Embedded servers only: the disk is too slow, or full.',
  },
]

/** The rules as a file of Prometheus. */
export function alertsFile(): string {
  const rules = alerts.map(({ name, expr, for: duration, severity, summary, description }) =>
    [
      `      - alert: ${name}`,
      `        expr: ${quoted(expr)}`,
      `        for: ${duration}`,
      '        labels:',
      `          severity: ${severity}`,
      '        annotations:',
      `          summary: ${quoted(summary)}`,
      `          description: ${quoted(description)}`,
    ].join('\n'),
  )
  return `# Generated from scripts/deploy/alerts.ts by \`npm run docs\`.\ngroups:\n  - name: headwater\n    rules:\n${rules.join('\n')}\n`
}

/** A text of JSON is one of YAML. */
const quoted = (text: string): string => JSON.stringify(text)
