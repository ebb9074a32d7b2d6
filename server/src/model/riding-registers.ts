import { appended } from '../lib/appended.ts'
import type { Register } from './activity-group.ts'
import type { Seq, UserId } from './ids.ts'
import { newestOfEach } from './register.ts'

/**
 * Registers of one group that are not in the member table, or not surely: they ride in the row's `pending`. Of an actor the
 * last one counts.
 */
export class RidingRegisters {
  #all: Register[]
  /** How many of them are in the row as it was last taken. */
  #taken: number
  /** All registers up to here are in the member table. */
  #copiedTo: Seq
  /** Whether one of them may have been replaced by another. */
  #areReplaced = false

  /** As a row has them. `applied`: up to where it is. */
  constructor(pending: readonly Register[], applied: Seq) {
    this.#all = [...pending]
    this.#taken = pending.length
    this.#copiedTo = pending.length > 0 ? 0 : applied
  }

  get length(): number {
    return this.#all.length
  }

  /** `known`: what it replaces; `null` = nobody knows whether it replaces anything. */
  add(register: Register, known: Register | undefined | null): void {
    this.#all = appended(this.#all, register)
    if (known === null || (known !== undefined && known.seq > this.#copiedTo)) this.#areReplaced = true
  }

  of(actor: UserId): Register | undefined {
    for (let i = this.#all.length - 1; i >= 0; i--) if (this.#all[i]?.actor === actor) return this.#all[i]
    return undefined
  }

  forget(actor: UserId): void {
    this.#all = this.#all.filter((register) => register.actor !== actor)
    this.#taken = 0
  }

  /** The row was taken, and where `copied` all that rode in it goes to the member table. */
  taken(copied: boolean, applied: Seq): void {
    if (copied) {
      this.#all = []
      this.#copiedTo = applied
    } else if (this.#areReplaced) {
      // What was replaced must not count any more: a group whose few actors come again and again would be full for good.
      this.#all = [...newestOfEach(this.#all)]
    }
    this.#areReplaced = false
    this.#taken = this.#all.length
  }

  all(): readonly Register[] {
    return this.#from(0)
  }

  /** Those that came since the row was last taken. */
  changed(): readonly Register[] {
    return this.#from(this.#taken)
  }

  #from(start: number): readonly Register[] {
    const registers = this.#all.slice(start)
    return this.#areReplaced ? newestOfEach(registers) : registers
  }
}
