import { systemScheduler } from '../../../src/lib/system-seams.ts'
import type { PubSub, Subscription } from '../../../src/ports/pub-sub.ts'

/** Nobody's stream: a message about it comes behind all that were published before. */
const user = 'nobody-but-the-test'
const patienceMs = 1_000

/** Knows when what was published has come: messages from one process to another keep their order. */
export class Echo implements AsyncDisposable {
  readonly #pubSub: PubSub
  #subscription: Subscription | undefined
  #sent = 0
  #heard = 0
  #wake = new AbortController()

  constructor(pubSub: PubSub) {
    this.#pubSub = pubSub
  }

  async come(): Promise<void> {
    await this.#listen()
    const own = ++this.#sent
    await this.#pubSub.publish([
      { kind: 'changes', user, from: own - 1, to: own, changes: [], counts: null, acceptedAt: 0 },
    ])
    const until = performance.now() + patienceMs
    while (this.#heard < own && performance.now() < until) {
      const { signal } = this.#wake
      await systemScheduler.sleep(until - performance.now(), signal)
    }
  }

  async #listen(): Promise<void> {
    if (this.#subscription) return
    this.#subscription = await this.#pubSub.subscribe({
      message: (message) => {
        if (message.kind === 'changes') this.#heard = Math.max(this.#heard, message.to)
        this.#wake.abort()
        this.#wake = new AbortController()
      },
      gap: () => {},
    })
    await this.#subscription.add([user])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#subscription?.[Symbol.asyncDispose]()
  }
}
