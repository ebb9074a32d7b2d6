/** One graph: what it shows, in which unit, by which queries. `$of` stands for the selector of the dashboard. */
export interface Panel {
  readonly title: string
  readonly unit: string
  readonly queries: readonly Query[]
}

export interface Query {
  readonly expr: string
  readonly legend: string
}

export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

const query = (legend: string, expr: string): Query => ({ legend, expr })
const quantile = (share: number, metric: string, by = ''): string =>
  `histogram_quantile(${share}, sum by (le${by && `, ${by}`}) (rate(${metric}_bucket{$of}[$__rate_interval])))`
const perSecond = (metric: string, by: string): string => `sum by (${by}) (rate(${metric}{$of}[$__rate_interval]))`
const both = (metric: string): readonly Query[] => [
  query('p50', quantile(0.5, metric)),
  query('p99', quantile(0.99, metric)),
]

/** What an operator looks at, in the order in which an event passes. Metrics that no panel names get one each in a last row. */
export const rows: readonly Row[] = [
  {
    title: 'At a glance',
    panels: [
      {
        title: 'Behind: how long the oldest record waits',
        unit: 's',
        queries: [query('seconds', 'max(headwater_log_lag_seconds{$of})')],
      },
      {
        title: 'Events a second',
        unit: 'ops',
        queries: [
          query('accepted', 'sum(rate(headwater_events_accepted_total{$of}[$__rate_interval]))'),
          query('applied', 'sum(rate(headwater_events_applied_total{$of}[$__rate_interval]))'),
          query('rejected', 'sum(rate(headwater_events_rejected_total{$of}[$__rate_interval]))'),
        ],
      },
      { title: 'From accepted to a socket', unit: 's', queries: both('headwater_push_seconds') },
      { title: 'Sockets', unit: 'short', queries: [query('open', 'sum(headwater_sockets{$of})')] },
    ],
  },
  {
    title: 'API',
    panels: [
      {
        title: 'Requests a second by status',
        unit: 'reqps',
        queries: [query('{{status}}', perSecond('headwater_http_requests_total', 'status'))],
      },
      {
        title: 'Share of requests that failed (5xx)',
        unit: 'percentunit',
        queries: [
          query(
            '{{route}}',
            'sum by (route) (rate(headwater_http_requests_total{$of,status=~"5.."}[$__rate_interval])) / sum by (route) (rate(headwater_http_requests_total{$of}[$__rate_interval]))',
          ),
        ],
      },
      {
        title: 'Slowest hundredth by route',
        unit: 's',
        queries: [query('{{method}} {{route}}', quantile(0.99, 'headwater_http_request_seconds', 'method, route'))],
      },
      {
        title: 'Refused as overloaded',
        unit: 'reqps',
        queries: [query('{{reason}}', perSecond('headwater_ingest_refusals_total', 'reason'))],
      },
    ],
  },
  {
    title: 'Workers',
    panels: [
      { title: 'Records that wait', unit: 'short', queries: [query('records', 'max(headwater_log_lag{$of})')] },
      {
        title: 'Applied a second by worker',
        unit: 'ops',
        queries: [query('{{instance}}', perSecond('headwater_events_applied_total', 'instance'))],
      },
      {
        title: 'Group writes an event',
        unit: 'short',
        queries: [
          query(
            'writes',
            'sum(rate(headwater_group_writes_total{$of}[$__rate_interval])) / sum(rate(headwater_events_applied_total{$of}[$__rate_interval]))',
          ),
        ],
      },
      {
        title: 'Records set aside',
        unit: 'short',
        queries: [
          query('{{instance}}', 'increase(headwater_records_parked_total{$of}[1h])'),
          query('{{instance}} dropped by Kafka', 'increase(headwater_records_dropped_total{$of}[1h])'),
        ],
      },
      {
        title: 'Keys folded in memory',
        unit: 'short',
        queries: [query('{{instance}}', 'headwater_open_windows{$of}')],
      },
    ],
  },
  {
    title: 'Gateways',
    panels: [
      { title: 'Sockets by gateway', unit: 'short', queries: [query('{{instance}}', 'headwater_sockets{$of}')] },
      {
        title: 'Users with sockets',
        unit: 'short',
        queries: [query('{{instance}}', 'headwater_socket_users{$of}')],
      },
      {
        title: 'Closed by the server',
        unit: 'ops',
        queries: [query('{{reason}}', perSecond('headwater_socket_closes_total', 'reason'))],
      },
      {
        title: 'Entries for devices that are away',
        unit: 'short',
        queries: [query('entries', 'max(headwater_offline_queue_entries{$of})')],
      },
    ],
  },
  {
    title: 'Stores',
    panels: [
      {
        title: 'What the servers stand on: 1 answers, 0 fails',
        unit: 'short',
        queries: [query('{{part}}', 'min by (part) (headwater_part_up{$of})')],
      },
      {
        title: 'Reads that reached a store',
        unit: 'ops',
        queries: [query('{{instance}}', perSecond('headwater_store_reads_total', 'instance'))],
      },
      {
        title: 'Embedded database',
        unit: 'bytes',
        queries: [
          query('database', 'max(headwater_database_bytes{$of})'),
          query('written ahead', 'max(headwater_database_wal_bytes{$of})'),
        ],
      },
    ],
  },
]
