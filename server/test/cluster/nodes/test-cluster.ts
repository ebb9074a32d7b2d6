import { randomBytes } from 'node:crypto'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FrontDoor } from '../../../src/cli/front-door.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { allRoles, type Role } from '../../../src/config/roles.ts'
import type { Config } from '../../../src/config/secrets.ts'
import { apiKey } from '../../crash/child-contract.ts'
import { ClusterLog } from './cluster-log.ts'
import { ClusterServer } from './cluster-server.ts'
import { dropNamespace } from './drop-namespace.ts'
import { setGroupSession } from './group-session.ts'
import { NodeLives } from './node-lives.ts'

export interface TestClusterOptions {
  /** The file of addresses of running services. */
  readonly services: string
  /** How many of each role; two when left out. */
  readonly nodes?: number
  readonly settings?: Readonly<Record<string, string>>
  /** How long the others wait for a worker that is silent. */
  readonly sessionMs?: number
}

export const tokenSecret = 'a secret of a cluster in a test, 32 bytes or more'
const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))
const linesKept = 4_000

/** A whole cluster of real processes on running services, in a namespace of its own that goes away with it. */
export class TestCluster implements AsyncDisposable {
  readonly namespace = `hw_cluster_${randomBytes(5).toString('hex')}`
  readonly nodes: readonly NodeLives[]
  /** What the processes wrote about themselves, at the level of warnings and above. */
  readonly lines: string[] = []
  readonly folder = mkdtempSync(join(tmpdir(), 'headwater-cluster-'))
  readonly #settings: readonly (readonly [string, string])[]
  readonly #environment: Readonly<Record<string, string | undefined>>
  readonly #door: FrontDoor
  #doorUrl = ''
  #log: ClusterLog | undefined

  private constructor({ services, nodes = 2, settings = {} }: TestClusterOptions) {
    this.#settings = Object.entries({
      engine: 'cluster',
      'cluster.namespace': this.namespace,
      'kafka.partitions': '12',
      'http.rateLimits': 'off',
      'log.level': 'warn',
      ...settings,
    })
    this.#environment = {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      HEADWATER_SERVICES: services,
      HEADWATER_API_KEY: apiKey,
      HEADWATER_TOKEN_SECRET: tokenSecret,
      HEADWATER_DATA: this.folder,
    }
    this.nodes = allRoles.flatMap((role) =>
      Array.from({ length: nodes }, (_, i) => this.#node(`${role}-${i + 1}`, role)),
    )
    this.#door = new FrontDoor({ apis: () => this.#urls('api'), gateways: () => this.#urls('gateway') })
  }

  static async start(options: TestClusterOptions): Promise<TestCluster> {
    const cluster = new TestCluster(options)
    try {
      await cluster.allListening()
      await setGroupSession(cluster.config(), options.sessionMs ?? 2_500)
      cluster.#doorUrl = await cluster.#door.listen('127.0.0.1', 0)
      return cluster
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
  }

  node(name: string): NodeLives {
    const node = this.nodes.find((one) => one.name === name)
    if (!node) throw new Error(`there is no node ${name}`)
    return node
  }

  of(role: Role): readonly NodeLives[] {
    return this.nodes.filter((node) => node.role === role)
  }

  async allListening(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.listening()))
  }

  /** The address before all of them. */
  url(): Promise<string> {
    return Promise.resolve(this.#doorUrl)
  }

  /** What a caller of one node, or of the front door, can do. */
  async server(name?: string): Promise<ClusterServer> {
    const url = name === undefined ? this.#doorUrl : await this.node(name).listening()
    return new ClusterServer(url, this.config(), this.log)
  }

  get log(): ClusterLog {
    this.#log ??= new ClusterLog(this.config())
    return this.#log
  }

  /** As a tool on the cluster's data has it. */
  config(): Config {
    return loadConfig({ environment: this.#environment, flags: this.#settings, cwd: this.folder })
  }

  /** How a command of the program is run on it. */
  tool(args: readonly string[]) {
    const settings = this.#settings.map(([key, value]) => `--${key}=${value}`)
    return { command: [main, ...args, ...settings], environment: this.#environment, cwd: this.folder }
  }

  /** Lives that ended in another way than they were meant to. */
  get faults(): readonly string[] {
    return this.nodes.flatMap(({ faults }) => faults)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#door[Symbol.asyncDispose]()
    const end = (nodes: readonly NodeLives[]) => Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()))
    await end(this.nodes.filter(({ role }) => role !== 'worker'))
    await end(this.of('worker'))
    await this.#log?.[Symbol.asyncDispose]()
    await dropNamespace(this.config())
    rmSync(this.folder, { recursive: true, force: true })
  }

  #node(name: string, role: Role): NodeLives {
    return new NodeLives({
      name,
      role,
      settings: this.#settings,
      environment: this.#environment,
      cwd: this.folder,
      onLine: (line) => this.#note(`${name} ${line}`),
    })
  }

  #note(line: string): void {
    if (this.lines.length < linesKept) this.lines.push(line)
    const file = process.env.CLUSTER_TEST_LOG
    if (file !== undefined) appendFileSync(file, `${line}\n`)
  }

  #urls(role: Role): readonly string[] {
    return this.of(role).flatMap(({ url }) => url ?? [])
  }
}
