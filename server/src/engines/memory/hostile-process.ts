import type { Seams } from '../../lib/seams.ts'
import type { HostileWorld } from './hostile-world.ts'

/** Thrown from a port call when the process that made it has died. Nothing that it was about to do happens any more. */
export class Crashed extends Error {
  constructor() {
    super('the process has died')
    this.name = 'Crashed'
  }
}

/**
 * One server process as the storage sees it: alive, frozen (calls hang, then go on as if nothing had been: a zombie), or
 * dead (calls throw `Crashed`, those under way too). A process that is thawed after a crash is another one: consumers of
 * the old one stay dead and never say goodbye.
 *
 * With `silent` a dead process gets no answer at all: its calls stay under way for ever, so that no code of it runs on.
 */
export class HostileProcess {
  readonly #world: HostileWorld
  readonly #seams: Seams
  readonly silent: boolean
  readonly #note: ((line: string) => void) | undefined
  #life = 1
  #death = new AbortController()
  #isDead = false
  #frozen: PromiseWithResolvers<void> | undefined

  constructor(world: HostileWorld, seams: Seams, silent = false, note?: (line: string) => void) {
    this.#world = world
    this.#seams = seams
    this.silent = silent
    this.#note = note
    world.onCalm(() => this.thaw())
  }

  /** Which life of the process it is. */
  get life(): number {
    return this.#life
  }

  /** Aborted when this life ends. */
  get death(): AbortSignal {
    return this.#death.signal
  }

  isOver(life: number): boolean {
    return this.#isDead || life !== this.#life
  }

  crash(): void {
    this.#life++
    this.#isDead = true
    this.#death.abort()
    this.#frozen?.resolve()
    this.#frozen = undefined
    const { reviveAfterMs } = this.#world
    if (reviveAfterMs !== undefined) this.#seams.scheduler.after(reviveAfterMs, () => this.thaw())
  }

  freeze(): void {
    this.#frozen ??= Promise.withResolvers()
  }

  thaw(): void {
    if (this.#isDead && this.silent) return
    if (this.#isDead) this.#death = new AbortController()
    this.#isDead = false
    this.#frozen?.resolve()
    this.#frozen = undefined
  }

  /** A call on storage: it may take a while, hang, or be the last thing that the process did. */
  async call<Answer>(what: string, run: () => Promise<Answer>, life = this.#life): Promise<Answer> {
    await this.#gate(life)
    await this.#world.delay()
    await this.#gate(life)
    if (this.#world.strikes('crash')) this.crash()
    await this.#gate(life)
    const answer = await (this.#note ? this.#noted(what, run, this.#note) : run())
    await this.#world.delay()
    if (!this.isOver(life)) {
      if (this.#world.strikes('answer.late')) await this.#world.longDelay()
      if (this.#world.strikes('crash')) this.crash()
    }
    await this.#gate(life)
    return answer
  }

  async #noted<Answer>(what: string, run: () => Promise<Answer>, note: (line: string) => void): Promise<Answer> {
    try {
      const answer = await run()
      note(`${what} → ${shortly(answer)}`)
      return answer
    } catch (error) {
      note(`${what} ✖ ${error instanceof Error ? error.message : error}`)
      throw error
    }
  }

  async #gate(life: number): Promise<void> {
    while (this.#frozen) await this.#frozen.promise
    if (!this.isOver(life)) return
    if (this.silent) await new Promise<never>(() => {})
    throw new Crashed()
  }
}

/** Enough of an answer to tell two runs apart. */
function shortly(answer: unknown): string {
  if (Array.isArray(answer)) return `${answer.length} [${answer.length > 0 ? shortly(answer.at(-1)) : ''}]`
  if (typeof answer !== 'object' || answer === null) return String(answer)
  if (answer instanceof Map) return `${answer.size} entries`
  const parts: string[] = []
  for (const [name, value] of Object.entries(answer)) {
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') {
      parts.push(`${name} ${value}`)
    } else if (Array.isArray(value)) parts.push(`${name} ${value.length}`)
  }
  return parts.join(' ')
}
