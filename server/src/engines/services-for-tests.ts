import { readFileSync } from 'node:fs'
import { test } from 'node:test'

export interface SqlService {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
}

/** Running services for tests; everything in them is shared, so that each test keeps to names of its own. */
export interface Services {
  readonly redis: { readonly host: string; readonly port: number }
  readonly postgres: SqlService
  /** PgBouncer in transaction mode, in front of the same PostgreSQL. */
  readonly pgbouncer: SqlService
  readonly kafka: { readonly brokers: readonly string[] }
  readonly cassandra: {
    readonly contactPoints: readonly string[]
    readonly port: number
    readonly localDataCenter: string
  }
}

export type ServiceName = keyof Services

/** The services that HEADWATER_SERVICES names (a file that `npm run services` writes); null if it names none. */
export function servicesForTests(needed: readonly ServiceName[] = []): Services | null {
  const file = process.env.HEADWATER_SERVICES
  if (file === undefined || file === '') return null
  const found = JSON.parse(readFileSync(file, 'utf8')) as Services
  const absent = needed.filter((name) => found[name] === undefined)
  if (absent.length > 0) throw new Error(`${file} has no ${absent.join(', ')}: start services without --only`)
  return found
}

/**
 * Runs `register` where services run. Elsewhere there is one skipped test that says what is left out; in CI it fails.
 */
export function whereServicesRun(
  what: string,
  needed: readonly ServiceName[],
  register: (services: Services) => void,
): void {
  const services = servicesForTests(needed)
  if (services !== null) {
    register(services)
    return
  }
  const why = `${what}: HEADWATER_SERVICES names no running services (npm run services -- up)`
  if (process.env.CI === 'true' || process.env.CI === '1') test(what, () => Promise.reject(new Error(why)))
  else test(what, { skip: why })
}
