import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Role } from '../config/roles.ts'

export interface ServerProcessOptions {
  /** The file that starts the program. */
  readonly main: string
  readonly name: string
  readonly roles: readonly Role[]
  /** Configuration as on the command line. */
  readonly settings: readonly (readonly [string, string])[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Flags of Node; those of this process unless told. */
  readonly nodeFlags?: readonly string[]
  /** Whether Ctrl-C in the terminal is left to this program, which stops the process, and ends it when it ends itself. */
  readonly ownGroup?: boolean
  /** Lines that the process writes about itself. */
  onLine(line: string): void
}

/** Those in groups of their own: what ends this program at once would not reach them. */
const own = new Set<ServerProcess>()
process.once('exit', () => {
  for (const each of own) each.kill('SIGKILL')
})

/** One `headwater start` in a process of its own, listening on a free port. */
export class ServerProcess implements AsyncDisposable {
  readonly name: string
  readonly roles: readonly Role[]
  /** Resolves with its address when it listens; rejects when it ends before. */
  readonly listening: Promise<string>
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
  /** Null while it does not listen, and after it ended. */
  url: string | null = null
  readonly #child: ChildProcess

  constructor(options: ServerProcessOptions) {
    const {
      main,
      name,
      roles,
      settings,
      environment,
      cwd,
      nodeFlags = process.execArgv,
      ownGroup = false,
      onLine,
    } = options
    this.name = name
    this.roles = roles
    const flags = [...settings, ['roles', roles.join(',')], ['http.port', '0']].map(
      ([key, value]) => `--${key}=${value}`,
    )
    this.#child = spawn(process.execPath, [...nodeFlags, main, 'start', ...flags], {
      cwd,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      // On Windows this would open a window.
      detached: ownGroup && process.platform !== 'win32',
    })
    if (ownGroup) own.add(this)
    this.ended = once(this.#child, 'exit').then(([code, signal]) => {
      this.url = null
      own.delete(this)
      return code ?? signal
    })
    this.listening = new Promise((resolve, reject) => {
      this.#eachLine('stdout', (line) => {
        const [, url] = /is listening on (\S+)/.exec(line) ?? []
        if (url === undefined) return
        this.url = url
        resolve(url)
      })
      this.#eachLine('stderr', onLine)
      this.#child.once('error', reject)
      void this.ended.then((outcome) => reject(new Error(`${name} ended (${outcome}) before it listened`)))
    })
    // Whoever waits for it is told; nobody has to.
    this.listening.catch(() => {})
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Stops it as an operator does, and waits. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) this.#child.kill('SIGTERM')
    await this.ended
  }

  #eachLine(stream: 'stdout' | 'stderr', take: (line: string) => void): void {
    const input = this.#child[stream]
    if (input) createInterface({ input }).on('line', take)
  }
}
