import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ServerProcess } from '../../../src/cli/server-process.ts'
import type { Role } from '../../../src/config/roles.ts'
import type { CrashPlan } from '../../crash/server-lives.ts'
import { arming } from './arming.ts'

export interface NodeOptions {
  readonly name: string
  readonly role: Role
  readonly settings: readonly (readonly [string, string])[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  onLine(line: string): void
}

const main = fileURLToPath(new URL('armed-main.ts', import.meta.url))
/** More lives than services can spoil that come back. */
const attemptsMax = 20
/** A process that does not even get to listen is not started again at once. */
const restartAfterMs = 250
/** A server that was told to stop and does not is killed after this long. */
const stopMs = 40_000

/** One node of a cluster through many lives: one that ends is followed by the next, as a supervisor does it. */
export class NodeLives implements AsyncDisposable {
  readonly name: string
  readonly role: Role
  /** Failpoints at which its next lives are to end. */
  readonly plans: CrashPlan[] = []
  /** Failpoints at which lives ended, in that order. */
  readonly died: CrashPlan[] = []
  /** Lives that ended neither by SIGKILL nor because they were told to. */
  readonly faults: string[] = []
  lives = 0
  readonly #options: NodeOptions
  #process!: ServerProcess
  #armed: CrashPlan | undefined
  #isTold = false
  #isOver = false
  #again = Promise.withResolvers<void>()
  readonly #keeping: Promise<void>

  constructor(options: NodeOptions) {
    this.#options = options
    this.name = options.name
    this.role = options.role
    this.#begin()
    this.#keeping = this.#keep()
  }

  /** The plan that the present life is to die by. */
  get armed(): CrashPlan | undefined {
    return this.#armed
  }

  /** Where the present life listens; null while it does not. */
  get url(): string | null {
    return this.#process.url
  }

  /** Resolves with the address of the first life that gets to listen; rejects when lives end again and again before. */
  async listening(): Promise<string> {
    for (let ended = 0; ended < attemptsMax; ended++) {
      const url = await this.#process.listening.catch(() => null)
      if (url !== null) return url
      if (this.#isOver) throw new Error(`${this.name} is over`)
      await this.#again.promise
    }
    throw new Error(`${this.name} does not get to listen: ${this.faults.join(', ')}`)
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Ends the present life from one moment to the next; resolves when the next one has begun. */
  async kill(): Promise<void> {
    const { promise } = this.#again
    this.signal('SIGKILL')
    await promise
  }

  /** Ends the present life as an operator does, and waits until the next one listens. */
  async restart(): Promise<void> {
    await this.listening()
    const { promise } = this.#again
    this.#isTold = true
    this.signal('SIGTERM')
    await promise
    await this.listening()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    this.signal('SIGCONT')
    this.signal('SIGTERM')
    const killer = setTimeout(() => {
      this.faults.push(`${this.name} did not stop in ${stopMs} ms`)
      this.signal('SIGKILL')
    }, stopMs)
    await this.#keeping
    clearTimeout(killer)
  }

  #begin(): void {
    const { name, role, settings, environment, cwd, onLine } = this.#options
    this.#armed = this.plans.shift()
    const plan = this.#armed && { [arming.point]: this.#armed.point, [arming.pass]: String(this.#armed.pass) }
    this.lives++
    this.#process = new ServerProcess({
      main,
      name,
      roles: [role],
      settings,
      environment: { ...environment, ...plan },
      cwd,
      nodeFlags: [],
      onLine,
    })
  }

  async #keep(): Promise<void> {
    for (;;) {
      const outcome = await this.#process.ended
      if (this.#isOver) return
      if (outcome === 'SIGKILL' && this.#armed) this.died.push(this.#armed)
      const isFine = outcome === 'SIGKILL' || (this.#isTold && outcome === 0)
      if (!isFine) {
        this.faults.push(`${this.name} ended with ${outcome}`)
        await sleep(restartAfterMs)
        if (this.#isOver) return
      }
      this.#isTold = false
      const again = this.#again
      this.#again = Promise.withResolvers()
      this.#begin()
      again.resolve()
    }
  }
}
