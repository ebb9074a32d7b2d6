import { setTimeout as sleep } from 'node:timers/promises'
import { requestWith } from '../../../src/http/testing/ask.ts'
import type { Reachable } from '../../checkers/run/api-client.ts'
import { apiKey } from '../../crash/child-contract.ts'
import type { Answer, Call } from '../../crash/patient-client.ts'
import type { Caller } from '../../crash/workload.ts'

const againMs = 50
const patienceMs = 15_000
/** Longer than any fault lasts. */
const deadlineMs = 120_000

interface TimedAnswer extends Answer {
  readonly retryAfter: string | null
}

/** Sends a request again, the same, until the cluster has answered it. */
export class ClusterCaller implements Caller {
  readonly #cluster: Reachable
  /** Refusals without a code, or without saying when to come back. */
  readonly faults: string[] = []
  unanswered = 0

  constructor(cluster: Reachable) {
    this.#cluster = cluster
  }

  async call(method: string, path: string, { user, body }: Call = {}): Promise<Answer> {
    const until = performance.now() + deadlineMs
    for (;;) {
      const answer = await this.#once(method, path, { ...(user !== undefined && { user }), body }).catch(() => null)
      if (answer && answer.status < 500) return answer
      if (answer) this.#look(answer, `${method} ${path}`)
      if (performance.now() > until) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`)
      this.unanswered++
      await sleep(againMs)
    }
  }

  async #once(method: string, path: string, call: Call): Promise<TimedAnswer> {
    const url = await this.#cluster.url()
    const asked = { ...call, signal: AbortSignal.timeout(patienceMs), headers: { connection: 'close' } }
    const response = await fetch(url + path, requestWith(apiKey, method, asked))
    const text = await response.text()
    const body = text === '' ? undefined : JSON.parse(text)
    return { status: response.status, body, retryAfter: response.headers.get('retry-after') }
  }

  /** 502 and 503 without a body are the front door's, whose server went away. */
  #look({ status, body, retryAfter }: TimedAnswer, what: string): void {
    if (body === undefined && (status === 502 || status === 503)) return
    const isRight = status === 503 && typeof body?.code === 'string' && Number(retryAfter) > 0
    if (isRight || this.faults.length >= 20) return
    this.faults.push(`${what}: ${status}, Retry-After ${retryAfter}, ${JSON.stringify(body)}`)
  }
}
