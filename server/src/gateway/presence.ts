import type { Clock } from '../lib/seams.ts'
import type { DeviceId } from '../model/ids.ts'
import type { Session as RegisteredSession, SessionRegistry } from '../ports/session-registry.ts'
import type { Session } from './session.ts'

export interface PresenceParts {
  readonly registry: SessionRegistry
  readonly clock: Clock
  readonly node: string
  readonly ttlMs: number
  onFailure(error: unknown): void
}

/** Sessions written in one call. */
const batchMax = 500

/**
 * Tells the registry which users have sockets here. Comings and goings of one moment travel together, in order; what a
 * failing registry did not hear, the next refresh repeats, and what should be gone runs out by itself.
 */
export class Presence implements AsyncDisposable {
  readonly #parts: PresenceParts
  /** With the device that the registry was told last. */
  readonly #present = new Map<Session, DeviceId | null>()
  #changes = new Map<Session, 'put' | 'remove'>()
  #writing: Promise<void> | null = null

  constructor(parts: PresenceParts) {
    this.#parts = parts
  }

  /** Also of one that is present and names another device now. */
  arrived(session: Session): void {
    if (this.#present.get(session) === session.device) return
    this.#present.set(session, session.device)
    this.#changed(session, 'put')
  }

  left(session: Session): void {
    if (this.#present.delete(session)) this.#changed(session, 'remove')
  }

  /** Keeps the entries alive. */
  refresh(): void {
    for (const session of this.#present.keys()) this.#changes.set(session, 'put')
    this.#start()
  }

  /** Resolves when everything that happened so far is told. */
  async settled(): Promise<void> {
    while (this.#writing) await this.#writing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#present.keys()) this.left(session)
    await this.settled()
  }

  #changed(session: Session, change: 'put' | 'remove'): void {
    this.#changes.set(session, change)
    this.#start()
  }

  #start(): void {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null
      if (this.#changes.size > 0) this.#start()
    })
  }

  async #write(): Promise<void> {
    await null
    const changes = [...this.#changes]
    this.#changes = new Map()
    const { registry, clock, ttlMs, onFailure } = this.#parts
    for (let i = 0; i < changes.length; i += batchMax) {
      const some = changes.slice(i, i + batchMax)
      const put = some.filter(([, change]) => change === 'put').map(([session]) => this.#registered(session))
      const remove = some.filter(([, change]) => change === 'remove').map(([session]) => this.#registered(session))
      try {
        if (put.length > 0) await registry.put(put, clock.now(), ttlMs)
        if (remove.length > 0) await registry.remove(remove)
      } catch (error) {
        onFailure(error)
      }
    }
  }

  #registered({ user, id, device }: Session): RegisteredSession {
    return { user, sessionId: id, node: this.#parts.node, device }
  }
}
