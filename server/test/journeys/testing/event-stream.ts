import assert from 'node:assert/strict'
import type { TestServer } from '../../../src/testing.ts'
import type { Frame } from './socket.ts'

export interface StreamEvent {
  readonly event: string
  readonly id: string | null
  readonly data: Frame
}

const deadlineMs = 5_000

/** An event stream as a browser reads it. */
export class EventStream implements AsyncDisposable {
  readonly response: Response
  readonly events: StreamEvent[] = []
  /** Lines that are no events: heartbeats. */
  readonly comments: string[] = []
  readonly #abort: AbortController
  readonly #reading: Promise<void>
  #isEnded = false
  #wake: () => void = () => {}

  private constructor(response: Response, abort: AbortController) {
    this.response = response
    this.#abort = abort
    this.#reading = this.#read().catch(() => {})
  }

  static async open(
    server: TestServer,
    query: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<EventStream> {
    const abort = new AbortController()
    const response = await fetch(`${server.url}/v1/activities/stream${query}`, { headers, signal: abort.signal })
    return new EventStream(response, abort)
  }

  get last(): StreamEvent | undefined {
    return this.events.at(-1)
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    while (!holds()) {
      assert.equal(this.#isEnded, false, `the stream ended while waiting for ${what}`)
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve
        timer = setTimeout(() => reject(new Error(`${what} did not come in time`)), deadlineMs)
      })
      clearTimeout(timer)
    }
  }

  reached(seq: number): Promise<void> {
    return this.until(`position ${seq}`, () => this.events.some(({ data }) => data.seq >= seq && data.type !== 'hello'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#reading
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder()
    let text = ''
    try {
      for await (const chunk of this.response.body ?? []) {
        text += decoder.decode(chunk, { stream: true })
        const blocks = text.split('\n\n')
        text = blocks.pop() ?? ''
        for (const block of blocks) this.#take(block)
        this.#wake()
      }
    } finally {
      this.#isEnded = true
      this.#wake()
    }
  }

  #take(block: string): void {
    const fields = new Map(
      block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
    )
    const data = fields.get('data')
    if (data === undefined) this.comments.push(block)
    else this.events.push({ event: fields.get('event') ?? '', id: fields.get('id') ?? null, data: JSON.parse(data) })
  }
}
