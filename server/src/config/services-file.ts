import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Problem } from './config-error.ts'
import type { Settings } from './schema.ts'

interface ServicesFile {
  readonly redis?: { readonly host: string; readonly port: number }
  readonly postgres?: PostgresAddress
  readonly pgbouncer?: PostgresAddress
  readonly kafka?: { readonly brokers: readonly string[] }
  readonly cassandra?: { readonly contactPoints: readonly string[]; readonly localDataCenter: string }
}

interface PostgresAddress {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
}

/**
 * Completes the settings of a cluster with the addresses in the file of services, where none are given. Such services are
 * as many nodes as are named, so that is how many copies can be kept.
 */
export function withServices(settings: Settings, cwd: string): { settings: Settings; problems: Problem[] } {
  const { servicesFile } = settings.cluster
  if (settings.engine !== 'cluster' || servicesFile === '') return { settings, problems: [] }
  const fail = (message: string) => ({
    settings,
    problems: [{ key: 'cluster.servicesFile', source: servicesFile, message }],
  })
  let file: ServicesFile
  try {
    file = JSON.parse(readFileSync(resolve(cwd, servicesFile), 'utf8')) as ServicesFile
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return fail(code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${code ?? 'it is no JSON'})`)
  }
  const { kafka, cassandra, redis, postgres } = settings
  const copies = (nodes: readonly string[]) => Math.min(3, nodes.length)
  return {
    problems: [],
    settings: {
      ...settings,
      ...(kafka.brokers.length === 0 &&
        file.kafka && {
          kafka: { ...kafka, brokers: file.kafka.brokers, replicationFactor: copies(file.kafka.brokers) },
        }),
      ...(cassandra.contactPoints.length === 0 &&
        file.cassandra && {
          cassandra: {
            ...cassandra,
            contactPoints: file.cassandra.contactPoints,
            localDataCenter: file.cassandra.localDataCenter,
            replicationFactor: copies(file.cassandra.contactPoints),
          },
        }),
      ...(redis.url === '' &&
        file.redis && { redis: { ...redis, url: `redis://${file.redis.host}:${file.redis.port}` } }),
      ...(postgres.url === '' && file.postgres && { postgres: { ...postgres, url: postgresUrl(file.postgres) } }),
    },
  }
}

const postgresUrl = ({ host, port, user, database }: PostgresAddress): string =>
  `postgres://${encodeURIComponent(user)}@${host}:${port}/${encodeURIComponent(database)}`
