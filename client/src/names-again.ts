import type { ActivityPage } from '@headwater/protocol'
import { Backoff, backoffLimits } from './backoff.ts'
import { HeadwaterError } from './error.ts'
import { type ClientSeams, cancel } from './seams.ts'

const leastMs = 5_000
/** What stands in for the names of users stays away for minutes, and every page that is open asks. */
const limits = { ...backoffLimits, firstMs: 10_000, lastMs: 600_000 }

/**
 * Reads again what came without the names of users, until they are there. No frame tells of their coming back, so it is
 * asked for: once after a while, then ever more rarely.
 */
export class NamesAgain {
  readonly #seams: ClientSeams
  readonly #read: () => Promise<ActivityPage | null>
  readonly #backoff: Backoff
  #keepsTrying = false
  #again: Disposable | null = null

  /** `read` gives the page that came, `null` when nobody needs it any more. */
  constructor(seams: ClientSeams, read: () => Promise<ActivityPage | null>) {
    this.#seams = seams
    this.#read = read
    this.#backoff = new Backoff(seams.random, limits)
  }

  keepTrying(on: boolean): void {
    this.#keepsTrying = on
    if (!on) this.#stop()
  }

  /** The list begins anew with this page: what the last one lacked does not matter. */
  begin(page: ActivityPage): void {
    this.#stop()
    this.look(page)
  }

  /** Looks whether the names are in this page. */
  look(page: ActivityPage): void {
    if (page.degraded?.includes('users')) this.#readLater()
    else this.#backoff.reset()
  }

  #readLater(): void {
    if (!this.#keepsTrying || this.#again) return
    this.#again = this.#seams.scheduler.after(leastMs + this.#backoff.next('lost'), () => void this.#readNow())
  }

  async #readNow(): Promise<void> {
    this.#again = null
    try {
      const page = await this.#read()
      if (page) this.look(page)
    } catch (thrown) {
      if (HeadwaterError.from(thrown).retryable) this.#readLater()
    }
  }

  #stop(): void {
    cancel(this.#again)
    this.#again = null
  }
}
