// One set of services: where its files are, and what every other file here says about it.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Jars, logs and the addresses of the set that `up` started: what outlives a set's temporary folder. */
export const cache = join(root, 'node_modules/.cache/headwater')

export const defaultFile = join(cache, 'services.json')

export const services = ['redis', 'postgres', 'kafka', 'cassandra'] as const
export type Service = (typeof services)[number]

/** What the addresses file holds. A service that `--only` left out is absent. */
export interface Addresses {
  readonly redis?: { readonly host: string; readonly port: number }
  readonly postgres?: SqlAddress
  readonly pgbouncer?: SqlAddress
  readonly kafka?: { readonly brokers: readonly string[] }
  readonly cassandra?: {
    readonly contactPoints: readonly string[]
    readonly port: number
    readonly localDataCenter: string
  }
  /** By the process's name: `redis`, `postgres`, `pgbouncer`, `kafka` or `kafka-1`…, `cassandra` or `cassandra-1`…. */
  readonly pids: Readonly<Record<string, number>>
  /** The set's folder. It is gone when the set is. */
  readonly dir: string
  readonly logs: string
}

export interface SqlAddress {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
}

/** How one process is started, so that any process that knows the set's folder can start it again as it was. */
export interface ProcessSpec {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly user?: User
  readonly ready: Ready
  /** The quickest signal after which the process leaves nothing behind: no shared memory, no socket file. */
  readonly quit: NodeJS.Signals
}

/** The account a process runs as; PostgreSQL and PgBouncer refuse root. */
export interface User {
  readonly uid: number
  readonly gid: number
}

export type Ready =
  | { readonly kind: 'redis'; readonly port: number }
  | { readonly kind: 'postgres'; readonly port: number; readonly user: string; readonly database: string }
  | { readonly kind: 'kafka'; readonly own: string; readonly brokers: readonly string[] }
  | { readonly kind: 'cassandra'; readonly host: string; readonly port: number; readonly nodes: number }

/** What the folder's `set.json` holds. */
export interface ServiceSet {
  readonly dir: string
  readonly logs: string
  /** Everything that is removed with the set: its folder, and Kafka's in memory. */
  readonly folders: readonly string[]
  readonly processes: readonly ProcessSpec[]
}

export function readAddresses(file: string): Addresses {
  return JSON.parse(readFileSync(file, 'utf8')) as Addresses
}

export function readSet(dir: string): ServiceSet {
  return JSON.parse(readFileSync(join(dir, 'set.json'), 'utf8')) as ServiceSet
}

/** Written whole or not at all: another process may be waiting for it. */
export function writeJson(file: string, value: unknown): void {
  const path = resolve(file)
  mkdirSync(dirname(path), { recursive: true })
  const half = `${path}.${randomBytes(4).toString('hex')}`
  writeFileSync(half, `${JSON.stringify(value, null, 2)}\n`)
  renameSync(half, path)
}

/** The one line a user gets when something is missing or went wrong; no stack is of use to them. */
export class ServicesError extends Error {}

/** Something that has to be installed first; the message says what. */
export class MissingError extends ServicesError {}
