import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { crashEnvironment } from '../crash/child-contract.ts'
import { until } from './in-time.ts'

export const powerEnvironment = {
  /** What the child's SQLite runs with. */
  synchronous: 'HEADWATER_POWER_SYNCHRONOUS',
  /** When set, the child's check at the start sees that. */
  honest: 'HEADWATER_POWER_HONEST',
  /** After how many pages its write-ahead log is moved into the database. */
  checkpointPages: 'HEADWATER_POWER_CHECKPOINT_PAGES',
} as const

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** A program to run a server under: every so many syncs the disk takes its time before it syncs anything. */
export const slowSyncs = (syncs: number, slowSyncMs = 1_000): readonly string[] => [
  ...['strace', '-D', '-f', '--seccomp-bpf', '-o', '/dev/null', '-e', 'trace=fsync,fdatasync'],
  ...['-e', `inject=fsync,fdatasync:delay_enter=${slowSyncMs * 1_000}:when=${syncs}+${syncs}`],
]
/** A thread that is stopped for so many looks in a row waits for a slow sync; strace stops every other for less. */
const looksInSync = 10

export interface ProcessOptions {
  readonly env?: NodeJS.ProcessEnv
  /** A program that runs the server, with its arguments. */
  readonly under?: readonly string[]
}

/** The real server on a data directory, as a process that can be frozen between two instructions. */
export class ServerProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #exited: Promise<number | null>
  #said = ''
  #url = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#exited = once(child, 'close').then(([code]) => code as number | null)
    child.stderr?.on('data', (data) => {
      this.#said += data
    })
  }

  static async start(folder: string, options?: ProcessOptions): Promise<ServerProcess> {
    const server = ServerProcess.spawn(folder, options)
    await server.listening()
    return server
  }

  /** A process that is about to start its server. */
  static spawn(folder: string, { env = {}, under = [] }: ProcessOptions = {}): ServerProcess {
    const server = [process.execPath, '--import', file('./other-pragmas.ts'), file('../crash/server-child.ts')]
    const [program = '', ...args] = [...under, ...server]
    return new ServerProcess(
      spawn(program, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          // Not on the disk under test, and kept: it halves the time until a server listens.
          NODE_COMPILE_CACHE: join(tmpdir(), 'headwater-power-compiled'),
          ...process.env,
          ...env,
          [crashEnvironment.folder]: folder,
        },
      }),
    )
  }

  /** Resolves when the server can be called; fails if it ends before. To be called once. */
  async listening(): Promise<void> {
    for await (const line of createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })) {
      const [, url] = /listening on (http:\S+)/.exec(line) ?? []
      if (url === undefined) continue
      this.#url = url
      return
    }
    throw new Error(`the server ended with ${await this.#exited}: ${this.#said}`)
  }

  get url(): string {
    return this.#url
  }

  get pid(): number {
    return this.#child.pid as number
  }

  /** Resolves when no thread of it runs any more; a system call that is under way comes to its end first. */
  async freeze(): Promise<void> {
    this.#child.kill('SIGSTOP')
    await this.#reaches('stands still', (states) => states.every((state) => state === 'T' || state === 't'))
  }

  /** Resolves when a thread of a server under `slowSyncs` has written what it now waits to have synced. */
  async inSync(): Promise<void> {
    let looks = 0
    await this.#reaches('syncs', (states) => {
      looks = states.includes('t') ? looks + 1 : 0
      return looks === looksInSync
    })
  }

  #reaches(what: string, isThere: (states: readonly string[]) => boolean): Promise<void> {
    return until(`the server ${what}`, () => isThere(threadsOf(this.pid)))
  }

  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  /** From now on each sync fails as on a disk with a fault, until what is given is disposed of. */
  async failSyncs(): Promise<AsyncDisposable> {
    const inject = ['-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:error=EIO']
    const tracer = spawn('strace', ['-f', '-q', '-o', '/dev/null', ...inject, '-p', String(this.pid)], {
      stdio: 'ignore',
    })
    const over = once(tracer, 'exit')
    await until('each thread is traced', () => this.#isTraced())
    return {
      [Symbol.asyncDispose]: async () => {
        tracer.kill('SIGINT')
        await over
      },
    }
  }

  #isTraced(): boolean {
    const statuses = filesOfThreads(this.pid, 'status')
    return statuses.every((status) => !/^TracerPid:\s+0$/m.test(status))
  }

  /** Ends it as an operator would; gives its exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    return await this.#exited
  }

  /** Kills it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }
}

function threadsOf(pid: number): readonly string[] {
  return filesOfThreads(pid, 'stat').map((stat) => {
    // The state follows the name, which stands in brackets and may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2)[0] as string
  })
}

function filesOfThreads(pid: number, name: string): readonly string[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      return [readFileSync(`/proc/${pid}/task/${thread}/${name}`, 'utf8')]
    } catch {
      // It has ended since.
      return []
    }
  })
}
