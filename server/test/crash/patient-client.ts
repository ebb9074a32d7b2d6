import { setImmediate, setTimeout } from 'node:timers/promises'
import { requestWith } from '../../src/http/testing/ask.ts'
import { apiKey } from './child-contract.ts'
import type { ServerLives } from './server-lives.ts'

export interface Call {
  readonly user?: string
  readonly body?: unknown
}

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any
}

/** On a busy machine a life may be too short to work off what the ones before it left: then it says so. */
const overloadedMs = 100

/** A caller who sends a request again, the same, until some life of the server has answered it. */
export class PatientClient {
  readonly #lives: ServerLives
  /** Requests that got no answer. */
  unanswered = 0

  constructor(lives: ServerLives) {
    this.#lives = lives
  }

  async call(method: string, path: string, { user, body }: Call = {}): Promise<Answer> {
    for (;;) {
      const url = await this.#lives.url()
      try {
        // A connection that is kept could be one to a life that is over.
        const asked = { user, body, headers: { connection: 'close' } }
        const response = await fetch(url + path, requestWith(apiKey, method, asked))
        const text = await response.text()
        const answer = { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
        if (response.status < 500) return answer
        if (answer.body?.code === 'overloaded') {
          await setTimeout(overloadedMs)
          continue
        }
        throw new Error(`${method} ${path}: ${response.status} ${text}`)
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
        this.unanswered++
        await setImmediate()
      }
    }
  }
}
