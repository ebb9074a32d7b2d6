import type { UserId } from '../../model/ids.ts'
import type { StreamMessage } from '../../ports/pub-sub.ts'

export interface Listener {
  message(message: StreamMessage): void
  gap(): void
}

/** Who in this process listens to whom. */
export class Listeners {
  readonly #all = new Map<Listener, Set<UserId>>()
  /** A user has one or two, and a list is smaller than a set. */
  readonly #byUser = new Map<UserId, readonly Listener[]>()

  get users(): readonly UserId[] {
    return [...this.#byUser.keys()]
  }

  has(user: UserId): boolean {
    return this.#byUser.has(user)
  }

  enter(listener: Listener): void {
    this.#all.set(listener, new Set())
  }

  /** Gives those users whom this one had not listened to. */
  add(listener: Listener, users: readonly UserId[]): readonly UserId[] {
    const own = this.#all.get(listener)
    return users.filter((user) => {
      if (!own || own.has(user)) return false
      own.add(user)
      this.#byUser.set(user, [...(this.#byUser.get(user) ?? []), listener])
      return true
    })
  }

  /** Gives those users whom nobody here listens to any more. */
  remove(listener: Listener, users: readonly UserId[]): readonly UserId[] {
    const own = this.#all.get(listener)
    return users.filter((user) => {
      if (!own?.delete(user)) return false
      const others = this.#byUser.get(user)?.filter((other) => other !== listener) ?? []
      if (others.length > 0) this.#byUser.set(user, others)
      else this.#byUser.delete(user)
      return others.length === 0
    })
  }

  leave(listener: Listener): readonly UserId[] {
    const left = this.remove(listener, [...(this.#all.get(listener) ?? [])])
    this.#all.delete(listener)
    return left
  }

  tell(messages: readonly StreamMessage[]): void {
    for (const message of messages) {
      for (const listener of this.#byUser.get(message.user) ?? []) attempt(() => listener.message(message))
    }
  }

  tellGap(): void {
    for (const listener of [...this.#all.keys()]) attempt(() => listener.gap())
  }
}

/** A listener that throws does not keep the others from hearing. */
function attempt(run: () => void): void {
  try {
    run()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
