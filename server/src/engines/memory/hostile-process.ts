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
 */
export class HostileProcess {
  readonly #world: HostileWorld
  readonly #seams: Seams
  #life = 1
  #death = new AbortController()
  #isDead = false
  #frozen: PromiseWithResolvers<void> | undefined

  constructor(world: HostileWorld, seams: Seams) {
    this.#world = world
    this.#seams = seams
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
    if (this.#isDead) this.#death = new AbortController()
    this.#isDead = false
    this.#frozen?.resolve()
    this.#frozen = undefined
  }

  /** A call on storage: it may take a while, hang, or be the last thing that the process did. */
  async call<Answer>(run: () => Promise<Answer>, life = this.#life): Promise<Answer> {
    await this.#gate(life)
    await this.#world.delay()
    await this.#gate(life)
    if (this.#world.strikes('crash')) this.crash()
    await this.#gate(life)
    const answer = await run()
    await this.#world.delay()
    if (!this.isOver(life) && this.#world.strikes('crash')) this.crash()
    await this.#gate(life)
    return answer
  }

  async #gate(life: number): Promise<void> {
    while (this.#frozen) await this.#frozen.promise
    if (this.isOver(life)) throw new Crashed()
  }
}
