import { setTimeout } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Position, SeenFrame } from '../history.ts'
import { type ApiClient, type Reachable, seenGroup } from './api-client.ts'
import type { Recorder } from './recorder.ts'

/** The pace at which a server that lets nobody in is tried again. */
const againMs = 50

/** An app that follows one user's stream over many connections, each of which goes on where the one before stopped. */
export class AppClient implements Disposable {
  readonly user: string
  readonly #name: string
  readonly #lives: Reachable
  readonly #api: ApiClient
  readonly #recorder: Recorder
  #ws: WebSocket | undefined
  #position: Position | null = null
  #connections = 0
  #isOver = false
  #changed = Promise.withResolvers<void>()

  constructor(user: string, name: string, parts: { lives: Reachable; api: ApiClient; recorder: Recorder }) {
    this.user = user
    this.#name = name
    this.#lives = parts.lives
    this.#api = parts.api
    this.#recorder = parts.recorder
  }

  /** Stays connected, whatever breaks, until it is disposed of. */
  async run(): Promise<void> {
    const token = await this.#token()
    while (!this.#isOver) {
      const url = await this.#lives.url()
      if (this.#isOver) return
      await this.#connect(url, token)
    }
  }

  /** Breaks the connection; the next one follows at once. */
  hangUp(): void {
    this.#ws?.terminate()
  }

  async reached(seq: number): Promise<void> {
    while ((this.#position?.seq ?? 0) < seq) await this.#changed.promise
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.hangUp()
  }

  async #token(): Promise<string> {
    for (;;) {
      const answer = await this.#api.ask('POST', '/v1/tokens', { body: { user_id: this.user } })
      if (answer?.status === 200 || answer?.status === 201) return answer.body.token
    }
  }

  async #connect(url: string, token: string): Promise<void> {
    const proc = `${this.#name}#${++this.#connections}`
    const resume = this.#position
    const ending = this.#recorder.invoke('connect', proc, this.user, { resume })
    const ws = new WebSocket(`${url.replace('http', 'ws')}/ws/v1/activities`)
    this.#ws = ws
    let isGreeted = false
    ws.on('error', () => {})
    ws.on('open', () => ws.send(JSON.stringify({ type: 'auth', token, ...(resume && { resume }) })))
    ws.on('message', (data) => {
      const frame = JSON.parse(String(data))
      if (frame.type === 'hello') {
        isGreeted = true
        const { epoch, from_seq, seq, unread_count, unseen_count } = frame
        ending.ok({ epoch, from_seq, seq, unread_count, unseen_count })
        this.#moved({ epoch, seq: from_seq })
      } else if (typeof frame.seq === 'number') {
        this.#recorder.observe('frame', proc, this.user, seenFrame(frame))
        this.#moved({ epoch: frame.epoch, seq: frame.seq })
      }
    })
    await new Promise<void>((resolve) => ws.on('close', () => resolve()))
    if (isGreeted) return
    ending.unknown()
    await setTimeout(againMs)
  }

  #moved(position: Position): void {
    this.#position = position
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

// biome-ignore lint/suspicious/noExplicitAny: as it came from the server
function seenFrame(frame: any): SeenFrame {
  const { type, epoch, seq, prev_seq, counts_seq, unread_count, unseen_count } = frame
  if (type === 'reset') return { type, reason: frame.reason, epoch, seq }
  const chain = { type, epoch, seq, prev_seq, counts_seq, unread_count, unseen_count }
  if (type === 'activity_group_removed') return { ...chain, group_id: frame.group_id }
  return frame.group ? { ...chain, group: seenGroup(frame.group) } : chain
}
