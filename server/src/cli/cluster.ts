import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { allRoles, type Role } from '../config/roles.ts'
import { type Call, type Command, CommandFailure, UsageError, wholeNumber } from './command.ts'
import { configurationOf } from './configuration.ts'
import { FrontDoor } from './front-door.ts'
import { removeServerFile, writeServerFile } from './server-file.ts'
import { ServerProcess } from './server-process.ts'
import { nextSignal } from './signals.ts'

const restartAfterMs = 1_000

export const cluster: Command = {
  name: 'cluster',
  summary: 'Runs a whole cluster on this machine, one process for each part of it, to see how it behaves.',
  arguments: 'demo',
  description:
    'Starts two APIs, two gateways and two workers on the services that the configuration names, behind one address; a process that dies is started again. `npm run services -- up` starts the services.',
  options: {
    apis: { value: 'N', doc: 'How many APIs; 2 when left out.' },
    gateways: { value: 'N', doc: 'How many gateways; 2 when left out.' },
    workers: { value: 'N', doc: 'How many workers; 2 when left out.' },
  },
  async run(call) {
    if (call.arguments.length !== 1 || call.arguments[0] !== 'demo') throw new UsageError('expected: cluster demo')
    const wanted = { api: count(call, 'apis'), gateway: count(call, 'gateways'), worker: count(call, 'workers') }
    const { config } = configurationOf(withCluster(call))
    const signal = nextSignal()
    // What a terminal that is closed says reaches this process alone; under nohup there is none.
    if (process.stdin.isTTY || process.stdout.isTTY) process.once('SIGHUP', () => process.exit(129))
    const nodes = new DemoNodes(call)
    await using door = new FrontDoor({ apis: () => nodes.urlsOf('api'), gateways: () => nodes.urlsOf('gateway') })
    try {
      for (const role of allRoles) for (let i = 1; i <= wanted[role]; i++) nodes.keep(`${role}-${i}`, role)
      await Promise.race([nodes.allListening(), signal])
      const url = await door.listen(config.http.host, config.http.port)
      writeServerFile(resolve(call.io.cwd, config.data.dir), url)
      call.io.out(`\n  The cluster is listening on ${url}\n`)
      for (const { name, pid, url: own } of nodes.list()) call.io.out(`  ${name.padEnd(10)} ${own}  process ${pid}`)
      call.io.out(`\n  API key    ${config.isDevelopment ? config.access.apiKeys[0] : 'as configured'}\n`)
      call.io.err(`${await signal} received, stopping`)
      return 0
    } finally {
      await nodes[Symbol.asyncDispose]()
      removeServerFile(resolve(call.io.cwd, config.data.dir))
    }
  },
}

const count = (call: Call, option: string): number => wholeNumber(call, option, 2, { min: 1, max: 32 })

const withCluster = (call: Call): Call => ({ ...call, settings: [['engine', 'cluster'], ...call.settings] })

/** The processes of the demo: each is started again when it ends before it was told to. */
class DemoNodes implements AsyncDisposable {
  readonly #call: Call
  readonly #nodes = new Map<string, ServerProcess>()
  readonly #keeping: Promise<void>[] = []
  readonly #stop = new AbortController()

  constructor(call: Call) {
    this.#call = withCluster(call)
  }

  keep(name: string, role: Role): void {
    this.#start(name, role)
    this.#keeping.push(this.#keep(name, role))
  }

  list(): readonly ServerProcess[] {
    return [...this.#nodes.values()]
  }

  urlsOf(role: Role): readonly string[] {
    return this.list().flatMap(({ roles, url }) => (roles.includes(role) && url !== null ? [url] : []))
  }

  async allListening(): Promise<void> {
    // All of them: what each has to say is in their lines by then.
    const outcomes = await Promise.allSettled(this.list().map(({ listening }) => listening))
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed) throw new CommandFailure((failed.reason as Error).message)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    // Gateways and APIs first: what they have taken in is folded while the workers still run.
    const [workers, others] = partition(this.list(), ({ roles }) => roles.includes('worker'))
    await Promise.all(others.map((node) => node[Symbol.asyncDispose]()))
    await Promise.all(workers.map((node) => node[Symbol.asyncDispose]()))
    await Promise.all(this.#keeping)
  }

  #start(name: string, role: Role): ServerProcess {
    const { io, settings } = this.#call
    const node = new ServerProcess({
      main: process.argv[1] as string,
      name,
      roles: [role],
      settings,
      environment: io.environment,
      cwd: io.cwd,
      ownGroup: true,
      onLine: (line) => io.err(`${name.padEnd(10)} ${line}`),
    })
    this.#nodes.set(name, node)
    return node
  }

  async #keep(name: string, role: Role): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const outcome = await this.#nodes.get(name)?.ended
      if (signal.aborted) return
      this.#call.io.err(`${name} ended (${outcome}); it is started again`)
      await sleep(restartAfterMs, undefined, { signal }).catch(() => {})
      if (!signal.aborted) this.#start(name, role)
    }
  }
}

function partition<T>(all: readonly T[], test: (one: T) => boolean): [T[], T[]] {
  return [all.filter(test), all.filter((one) => !test(one))]
}
