// From nothing to a set of services that answers.
import { spawn } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { planCassandra } from './cassandra.ts'
import { fetchJars, type JarService, missingForJars } from './jars.ts'
import { planKafka } from './kafka.ts'
import { findPrograms, type Programs } from './packages.ts'
import type { Plan, Site } from './plan.ts'
import { planPostgres } from './postgres.ts'
import { awaitReady, endSet, markVariable, setExists, startProcess } from './processes.ts'
import { ask } from './ready.ts'
import { planRedis } from './redis.ts'
import { type Addresses, cache, MissingError, type Service, type ServiceSet, writeJson } from './set.ts'

export interface StartOptions {
  readonly only: readonly Service[]
  readonly nodes: 1 | 3
  /** Where the set's folder is made; the system's temporary folder unless told. */
  readonly parent?: string
  readonly cassandraHeap: string
  /** Whether apt-get may bring what is missing. */
  readonly mayInstall: boolean
  log(line: string): void
  /**
   * The port that a single Kafka node sends its clients to, in place of its own: a client asks the broker for addresses,
   * so what stands between the two must be named by the broker.
   */
  readonly kafkaAdvertised?: number
}

export interface Started {
  readonly set: ServiceSet
  readonly addresses: Addresses
  /** Ends the watch: the set goes on without this process. */
  release(): void
}

const planOf: Record<Service, (site: Site) => Promise<Plan>> = {
  redis: planRedis,
  postgres: planPostgres,
  kafka: planKafka,
  cassandra: planCassandra,
}

const programsOf: Record<Service, readonly (keyof Programs)[]> = {
  redis: ['redis'],
  postgres: ['postgres', 'pgbouncer'],
  kafka: [],
  cassandra: [],
}

/** Memory that a log may fill; a container's /dev/shm is 64 MB unless told. */
const enoughMemory = 2 ** 30

const logsKept = 10

export async function startServices({
  only,
  nodes,
  parent,
  cassandraHeap,
  mayInstall,
  log,
  kafkaAdvertised,
}: StartOptions): Promise<Started> {
  const programs = needed(only, mayInstall, log)

  if (parent !== undefined) mkdirSync(parent, { recursive: true })
  const dir = realpathSync(mkdtempSync(join(parent ?? tmpdir(), 'headwater-services-')))
  // PostgreSQL's account passes through.
  chmodSync(dir, 0o755)
  const memory = join('/dev/shm', basename(dir))
  const folders = [dir, ...(hasMemory() ? [memory] : [])]
  const logs = newLogs(dir)
  mkdirSync(join(dir, 'pids'))
  let set: ServiceSet = { dir, logs, folders, processes: [] }
  writeJson(join(dir, 'set.json'), set)
  const release = watch(dir)

  try {
    const folder: Site['folder'] = (name, options) => {
      const path = join(options?.memory && folders.length > 1 ? memory : dir, name)
      mkdirSync(path, { recursive: true })
      return path
    }
    const site = { programs, nodes, cassandraHeap, folder, log, ...(kafkaAdvertised && { kafkaAdvertised }) }
    const plans: Plan[] = []
    for (const service of only) plans.push(await planOf[service](site))
    set = { ...set, processes: plans.flatMap(({ processes }) => processes) }
    writeJson(join(dir, 'set.json'), set)

    log(`starting ${set.processes.map(({ name }) => name).join(', ')}; logs in ${logs}`)
    const pids = await startAll(set, log)
    const found = Object.assign({}, ...plans.map(({ addresses }) => addresses)) as Plan['addresses']
    return { set, addresses: { ...found, pids, dir, logs }, release }
  } catch (error) {
    await removeSet(set)
    throw error
  }
}

function needed(only: readonly Service[], mayInstall: boolean, log: (line: string) => void): Partial<Programs> {
  const wanted = only.flatMap((service) => programsOf[service])
  const { programs, missing } = findPrograms(wanted, mayInstall, log)
  const all = [...missing, ...missingForJars(only.filter(isOfJars))]
  if (all.length > 0) throw new MissingError(`first install ${all.join(', ')}.`)
  return programs
}

const isOfJars = (name: Service): name is JarService => name === 'kafka' || name === 'cassandra'

/** Brings what a start of these services would have to bring first. */
export function bring({ only, mayInstall, log }: Pick<StartOptions, 'only' | 'mayInstall' | 'log'>): void {
  needed(only, mayInstall, log)
  for (const service of only.filter(isOfJars)) fetchJars(service, log)
}

async function startAll(set: ServiceSet, log: (line: string) => void): Promise<Record<string, number>> {
  const started = performance.now()
  const pids = Object.fromEntries(set.processes.map((spec) => [spec.name, startProcess(set, spec)]))
  await Promise.all(
    set.processes.map(async (spec) => {
      await awaitReady(set, spec.name, () => ask(spec.ready))
      log(`${spec.name}: ready after ${((performance.now() - started) / 1000).toFixed(1)} s`)
    }),
  )
  return pids
}

function hasMemory(): boolean {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm')
    return bavail * bsize >= enoughMemory
  } catch {
    return false
  }
}

/** Logs outlive their set; of the sets that are gone, the last few keep theirs. */
function newLogs(dir: string): string {
  const all = join(cache, 'logs')
  const logs = join(all, `${new Date().toISOString().replace(/[:.]/g, '-')}-${basename(dir)}`)
  mkdirSync(logs, { recursive: true })
  writeFileSync(join(logs, 'set'), dir)
  const ofTheGone = readdirSync(all).filter((name) => !setExists(readFileSync(join(all, name, 'set'), 'utf8')))
  for (const old of ofTheGone.sort().slice(0, -logsKept)) rmSync(join(all, old), { recursive: true, force: true })
  return logs
}

/** How to end the watch over the sets that this process started. */
const watched = new Map<string, () => void>()

/**
 * A process that removes the set once this one is gone, however it went: it reads from a pipe that ends with us. It leads a
 * session of its own, so that what is sent to our whole group does not reach it.
 */
function watch(dir: string): () => void {
  const keeper = fileURLToPath(new URL('keeper.ts', import.meta.url))
  // Without the mark of a `run` around this one, which would end the keeper with all it started.
  const env = { ...process.env, [markVariable]: undefined }
  const child = spawn(process.execPath, [keeper, dir], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
    env,
  })
  child.unref()
  const pipe = child.stdin as NonNullable<typeof child.stdin> & { unref?: () => void }
  pipe.on('error', () => {})
  pipe.unref?.()
  const release = (): void => void pipe.end('keep')
  watched.set(dir, release)
  return release
}

/** Ends the set's processes and removes what it kept, but for the logs. */
export async function removeSet(set: ServiceSet): Promise<void> {
  await endSet(set)
  for (const folder of set.folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  watched.get(set.dir)?.()
  watched.delete(set.dir)
}
