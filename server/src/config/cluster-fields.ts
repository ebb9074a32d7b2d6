import { boolean, choice, integer, secret, text, texts } from './field.ts'

/** The sections that only `engine: cluster` reads. */
export const clusterFields = {
  cluster: {
    namespace: text(
      'headwater',
      'What the names of topic, keyspace, keys and schema begin with: servers of one namespace are one cluster. Lower-case letters, digits and `_`, at most 40.',
    ),
    servicesFile: text(
      '',
      'A file of addresses as `npm run services -- up` writes it; it stands in for the addresses that are not given.',
      { variable: 'HEADWATER_SERVICES' },
    ),
    unsafe: boolean(
      false,
      'Start although the settings of a service can lose acknowledged writes; for trying things out.',
    ),
  },
  kafka: {
    brokers: texts('Addresses of brokers to begin with, `host:port`.', { variable: 'HEADWATER_KAFKA' }),
    partitions: integer(
      512,
      { min: 1, max: 10_000 },
      'Partitions of the event log, read when its topic is made; as many workers can share it.',
    ),
    replicationFactor: integer(3, { min: 1, max: 9 }, 'Copies of each record, read when the topic is made.'),
    retentionDays: integer(
      7,
      { min: 1, max: 3_650 },
      'How long the topic keeps records, read when it is made: Kafka drops older ones by itself, also where `log.retentionDays` is longer.',
    ),
    tls: boolean(false, 'Whether brokers are spoken to over TLS.'),
    username: text('', 'For SASL/PLAIN or SCRAM; empty = none.'),
    password: secret('The password that goes with it.'),
    saslMechanism: choice(['SCRAM-SHA-512', 'SCRAM-SHA-256', 'PLAIN'], 'How the name and password are sent.'),
  },
  cassandra: {
    contactPoints: texts('Addresses of nodes to begin with, `host:port`.', { variable: 'HEADWATER_CASSANDRA' }),
    localDataCenter: text('datacenter1', 'The data center that this server is in.'),
    replicationFactor: integer(
      3,
      { min: 1, max: 9 },
      'Copies of each row in the local data center, read when the keyspace is made.',
    ),
    fence: choice(
      ['lwt', 'stamp'],
      'What keeps a worker that lost its partition from doing harm: `lwt` = conditional writes; `stamp` = the position as time stamp of the write, which takes Cassandra about two thirds to a third of the CPU. Fixed when the keyspace is made.',
    ),
    tls: boolean(false, 'Whether nodes are spoken to over TLS.'),
    username: text('', 'Empty = none.'),
    password: secret('The password that goes with it.'),
  },
  redis: {
    url: secret('As in `redis://user:password@host:6379`, `rediss:` over TLS.', { variable: 'HEADWATER_REDIS' }),
    tracePercent: integer(
      100,
      { min: 0, max: 100 },
      'Of how many events in a hundred it is kept for 24 h what became of them; at a high rate traces are most of what Redis holds.',
    ),
  },
  postgres: {
    url: secret('As in `postgres://user:password@host:5432/database`.', { variable: 'HEADWATER_POSTGRES' }),
    poolMax: integer(10, { min: 1, max: 1_000 }, 'Connections that this process opens at most.'),
  },
} as const
