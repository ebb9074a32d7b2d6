import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { crashEnvironment } from './child-contract.ts'

export interface CrashPlan {
  readonly point: string
  /** The pass of the point at which the process dies: 1 = the first. */
  readonly pass: number
}

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/**
 * One server on one data directory through many lives. Each life that is killed is followed by the next at once, armed with
 * the next plan; after the last plan by one that lives until it is stopped.
 */
export class ServerLives {
  readonly #folder: string
  readonly #plans: CrashPlan[]
  #child: ChildProcess | undefined
  #armed: CrashPlan | undefined
  #url = Promise.withResolvers<string>()
  #ended = Promise.withResolvers<void>()
  #isListening = false
  #isStopping = false
  /** Points at which a life ended, in that order. */
  readonly died: CrashPlan[] = []
  failure: Error | undefined

  constructor(folder: string, plans: readonly CrashPlan[]) {
    this.#folder = folder
    this.#plans = [...plans]
    this.#ended.promise.catch(() => {})
    this.#begin()
  }

  /** Where the present life listens, as soon as it does. */
  url(): Promise<string> {
    return this.#url.promise
  }

  /** The plan that the present life is to die by; nothing once all of them were carried out. */
  get armed(): CrashPlan | undefined {
    return this.#armed
  }

  /** Kills the present life, wherever it is. */
  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  /** Resolves when the present life is over and the next one has begun. */
  async ended(): Promise<void> {
    const child = this.#child
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }

  /** Ends the last life as an operator would. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.url()
    this.#child?.kill('SIGTERM')
    await this.#ended.promise
  }

  [Symbol.dispose](): void {
    this.#isStopping = true
    this.kill()
  }

  #begin(): void {
    this.#armed = this.#plans.shift()
    const { point = '', pass = 0 } = this.#armed ?? {}
    const child = spawn(process.execPath, ['--import', file('./kill-in-writer.ts'), file('./server-child.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        // Compiled code is kept from life to life: it halves the time until the next one listens.
        NODE_COMPILE_CACHE: join(this.#folder, 'compiled'),
        ...process.env,
        [crashEnvironment.folder]: this.#folder,
        [crashEnvironment.point]: point,
        [crashEnvironment.pass]: String(pass),
      },
    })
    this.#child = child
    // A life may end before it listens: who waits for an address then gets the next one's.
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, url] = /listening on (http:\S+)/.exec(line) ?? []
      if (!url) return
      this.#isListening = true
      this.#url.resolve(url)
    })
    void once(child, 'exit').then(([code, signal]) => this.#over(code, signal))
  }

  #over(code: number | null, signal: string | null): void {
    if (this.#isStopping && code === 0) {
      this.#ended.resolve()
      return
    }
    if (this.#isStopping || signal !== 'SIGKILL') {
      this.failure = new Error(`the server ended with ${code ?? signal}, armed with ${JSON.stringify(this.#armed)}`)
      this.#url.reject(this.failure)
      this.#ended.reject(this.failure)
      return
    }
    if (this.#armed) this.died.push(this.#armed)
    if (this.#isListening) this.#url = Promise.withResolvers()
    this.#url.promise.catch(() => {})
    this.#isListening = false
    this.#begin()
  }
}
