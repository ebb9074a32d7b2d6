import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { cpuSeconds, residentBytes } from './process-usage.ts'

/** A program of the benchmark in a process of its own: asked by messages, ended when the benchmark is through with it. */
export class Child<Ready = unknown> implements AsyncDisposable {
  readonly ready: Ready
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  #asked = 0

  private constructor(process: ChildProcess, ready: Ready) {
    this.#process = process
    this.ready = ready
    process.on('message', (message: Answer) => {
      const waiting = this.#waiting.get(message.id)
      this.#waiting.delete(message.id)
      if ('error' in message) waiting?.reject(new Error(message.error))
      else waiting?.resolve(message.value)
    })
    process.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the process ended'))
    })
  }

  /** `serve` of the program tells that it is ready, and with what. */
  static async start<Ready>(
    program: URL,
    args: readonly string[] = [],
    nodeFlags: readonly string[] = [],
  ): Promise<Child<Ready>> {
    const child = fork(program, args, {
      execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning', ...nodeFlags],
      serialization: 'advanced',
    })
    const exited = once(child, 'exit').then(() => {
      throw new Error(`${program.pathname} ended before it was ready`)
    })
    const [{ ready }] = (await Promise.race([once(child, 'message'), exited])) as [{ ready: Ready }]
    exited.catch(() => {})
    return new Child(child, ready)
  }

  /** Calls one of the functions that the program serves. */
  ask<T>(name: string, ...args: unknown[]): Promise<T> {
    const id = ++this.#asked
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
      this.#process.send({ id, name, args })
    })
  }

  get pid(): number {
    return this.#process.pid!
  }

  cpuSeconds(): number {
    return cpuSeconds(this.pid)
  }

  residentBytes(): number {
    return residentBytes(this.pid)
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exited
  }
}

type Answer = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string }

/** In the program: answers the functions that it is asked for, and says that it is ready. */
export function serve(ready: unknown, functions: Readonly<Record<string, (...args: never[]) => unknown>>): void {
  const answer = async ({ id, name, args }: { id: number; name: string; args: never[] }): Promise<void> => {
    try {
      process.send?.({ id, value: await functions[name]!(...args) })
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  }
  process.on('message', (asked: Parameters<typeof answer>[0]) => void answer(asked))
  process.on('disconnect', () => process.exit())
  process.send?.({ ready })
}
