import type { Ports } from '../../../src/ports/ports.ts'

/** How many calls to stores are under way, and how many there have been: a server on whose ports none are rests. */
export class CallsUnderWay {
  made = 0
  #open = 0
  #waiting: (() => void)[] = []

  get isQuiet(): boolean {
    return this.#open === 0
  }

  async quiet(): Promise<void> {
    while (this.#open > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** The same ports; calls to them are counted. */
  counted(ports: Ports): Ports {
    const counted = Object.entries(ports).map(([name, port]) => [
      name,
      typeof port === 'object' && port !== null ? this.#counted(port) : port,
    ])
    const { log }: Ports = Object.fromEntries(counted)
    // What a worker asks of its share as well; but it waits in `poll` when it has nothing to do.
    const join = async () => this.#counted(await log.join(), ['poll'])
    const joined = new Proxy(log, {
      get: (target, name) => (name === 'join' ? join : Reflect.get(target, name, target)),
    })
    return { ...Object.fromEntries(counted), log: joined }
  }

  #counted<Port extends object>(port: Port, except: readonly (string | symbol)[] = []): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        if (name === Symbol.asyncDispose || except.includes(name)) return value.bind(target)
        return (...args: unknown[]) => this.#count(value.apply(target, args))
      },
    })
  }

  #count(answer: unknown): unknown {
    if (!(answer instanceof Promise)) return answer
    this.made++
    this.#open++
    const end = () => {
      this.#open--
      if (this.#open === 0) for (const resolve of this.#waiting.splice(0)) resolve()
    }
    answer.then(end, end)
    return answer
  }
}
