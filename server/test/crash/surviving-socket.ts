import { WebSocket } from 'ws'
import type { PatientClient } from './patient-client.ts'
import type { ServerLives } from './server-lives.ts'

/**
 * An app with a socket that outlives the server: it comes back with what it holds, asks for the list when it is told
 * `reset`, and otherwise believes only what it is told.
 */
export class SurvivingSocket implements Disposable {
  readonly user: string
  readonly #lives: ServerLives
  readonly #client: PatientClient
  readonly #token: string
  #position: { epoch: string; seq: number }
  #groups: ReadonlyMap<string, ShownGroup>
  #counts: { unread: number; unseen: number; seq: number }
  #ws: WebSocket | undefined
  #isOver = false
  #changed = Promise.withResolvers<void>()
  /** Frames out of their chain. */
  readonly faults: string[] = []
  connections = 0
  resets = 0

  private constructor(lives: ServerLives, client: PatientClient, user: string, token: string, page: Page) {
    this.#lives = lives
    this.#client = client
    this.user = user
    this.#token = token
    this.#position = { epoch: page.epoch, seq: page.seq }
    this.#groups = shown(page)
    this.#counts = { unread: page.unread_count, unseen: page.unseen_count, seq: page.seq }
  }

  static async open(lives: ServerLives, client: PatientClient, user: string): Promise<SurvivingSocket> {
    const { body } = await client.call('POST', '/v1/tokens', { body: { user_id: user } })
    const socket = new SurvivingSocket(lives, client, user, body.token, await listOf(client, user))
    void socket.#stayConnected()
    return socket
  }

  /** Resolves when the socket has been told everything up to a position; what it then shows. */
  async at(seq: number): Promise<Shown> {
    while (this.#position.seq < seq) {
      if (this.faults.length > 0) break
      await this.#changed.promise
    }
    const groups = [...this.#groups].sort(([a], [b]) => (a < b ? -1 : 1))
    return { seq: this.#position.seq, unread: this.#counts.unread, unseen: this.#counts.unseen, groups }
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#ws?.terminate()
  }

  async #stayConnected(): Promise<void> {
    for (;;) {
      const url = await this.#lives.url().catch(() => null)
      if (this.#isOver || url === null) return
      const ws = new WebSocket(`${url.replace('http', 'ws')}/ws/v1/activities`)
      this.#ws = ws
      const closed = new Promise<void>((resolve) => ws.on('close', () => resolve()))
      ws.on('error', () => {})
      ws.on('open', () => ws.send(JSON.stringify({ type: 'auth', token: this.#token, resume: this.#position })))
      ws.on('message', (data) => this.#take(JSON.parse(String(data))))
      await closed
    }
  }

  #take(frame: Frame): void {
    if (frame.type === 'hello') {
      this.connections++
      this.#position = { epoch: frame.epoch, seq: frame.from_seq }
      this.#counts = { unread: frame.unread_count, unseen: frame.unseen_count, seq: frame.seq }
    } else if (frame.type === 'reset') {
      this.resets++
      this.#position = { ...this.#position, seq: frame.seq }
      void this.#readAnew()
    } else if (typeof frame.prev_seq === 'number') this.#follow(frame)
    else if (frame.type === 'error') this.faults.push(JSON.stringify(frame))
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  #follow(frame: Frame): void {
    if (frame.prev_seq !== this.#position.seq || frame.seq <= frame.prev_seq) {
      this.faults.push(
        `${frame.type} ${frame.seq} after ${frame.prev_seq}, and the socket stood at ${this.#position.seq}`,
      )
    }
    this.#position = { ...this.#position, seq: frame.seq }
    this.#counts = { unread: frame.unread_count, unseen: frame.unseen_count, seq: frame.counts_seq }
    const groups = new Map(this.#groups)
    if (frame.type === 'activity_group_removed') groups.delete(frame.group_id)
    else if (frame.group) groups.set(frame.group.group_id, shownGroup(frame.group))
    this.#groups = groups
  }

  async #readAnew(): Promise<void> {
    const page = await listOf(this.#client, this.user)
    // What the socket told meanwhile is newer than the page.
    const newer = [...this.#groups].filter(([, group]) => group.seq > page.seq)
    this.#groups = new Map([...shown(page), ...newer])
  }
}

export interface ShownGroup {
  readonly object: string
  readonly actors: number
  readonly seq: number
}

/** What someone sees: the same from a list and from a socket. */
export interface Shown {
  readonly seq: number
  readonly unread: number
  readonly unseen: number
  readonly groups: readonly (readonly [string, ShownGroup])[]
}

// biome-ignore lint/suspicious/noExplicitAny: frames of every kind
type Frame = any

export interface Page {
  readonly epoch: string
  readonly seq: number
  readonly unread_count: number
  readonly unseen_count: number
  readonly activity_groups: readonly WireGroup[]
}

export interface WireGroup {
  readonly group_id: string
  readonly object_id: string
  readonly actor_count: number
  readonly seq: number
  readonly is_read: boolean
  readonly is_seen: boolean
}

const shownGroup = ({ object_id, actor_count, seq }: WireGroup): ShownGroup => ({
  object: object_id,
  actors: actor_count,
  seq,
})

const shown = (page: Page): ReadonlyMap<string, ShownGroup> =>
  new Map(page.activity_groups.map((group) => [group.group_id, shownGroup(group)]))

/** The whole list; nothing of a hundred groups is expected here. */
export async function listOf(client: PatientClient, user: string): Promise<Page> {
  const { body } = await client.call('GET', '/v1/activities?limit=100', { user })
  return body
}
