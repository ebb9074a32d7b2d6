import { setTimeout as sleep } from 'node:timers/promises'
import { tokenSecret as secretOf, signToken } from '../../server/src/access/jwt.ts'
import { tokenSecret } from '../measuring/headwater.ts'
import { CheapWebSocket } from './web-socket.ts'

/** How clients of a server begin. */
export interface Dialect {
  readonly path: string
  /** What a new socket says first; null: nothing before the server has spoken. */
  first(member: Member): string | null
  /** Takes a frame in; true when the socket is live from it on. */
  take(member: Member, payload: Buffer, say: (text: string) => void): boolean
}

/** One user with one socket. */
export interface Member {
  readonly user: string
  readonly token: string
  socket: CheapWebSocket | null
  epoch: string
  /** The position that it was told of last. */
  seq: number
  isLive: boolean
}

const headwater: Dialect = {
  path: '/ws/v1/activities',
  first: ({ token, epoch, seq }) =>
    JSON.stringify({ type: 'auth', token, ...(epoch !== '' && { resume: { epoch, seq } }) }),
  take(member, payload) {
    // `{"type":"hello"`, `{"type":"activity_group_…`: the tenth byte tells them apart.
    const type = payload[9]
    if (type === 0x72) throw new Error(`an answer that nobody expected: ${payload}`)
    if (type === 0x68) {
      const { epoch, seq } = JSON.parse(payload.toString()) as { epoch: string; seq: number }
      member.epoch = epoch
      member.seq = seq
    }
    return type === 0x68
  },
}

const socketIo: Dialect = {
  path: '/socket.io/?EIO=4&transport=websocket',
  first: () => null,
  take(member, payload, say) {
    // Engine.IO: 0 opens, 2 asks whether we live; Socket.IO: 40 opens its namespace.
    const text = payload.toString()
    if (text[0] === '0') say(`40${JSON.stringify({ token: member.token })}`)
    else if (text === '2') say('3')
    return text.startsWith('40')
  },
}

export const dialects = { headwater, socketIo }

/** Many users, each with one socket, spread over several local addresses so that ports suffice. */
export class Crowd {
  readonly members: readonly Member[]
  readonly #urls: readonly string[]
  readonly #dialect: Dialect
  readonly #onFrame: (member: number, payload: Buffer) => void
  #wakeLive: () => void = () => {}
  closed = 0
  refused = 0

  /** `url`: where sockets are opened; several, separated by commas, in turn. `first`: the number of the first user. */
  constructor(
    url: string,
    dialect: Dialect,
    size: number,
    onFrame: (member: number, payload: Buffer) => void,
    first = 0,
  ) {
    this.#urls = url.split(',')
    this.#dialect = dialect
    this.#onFrame = onFrame
    const secret = secretOf(tokenSecret)
    const iat = Math.floor(Date.now() / 1_000)
    this.members = Array.from({ length: size }, (_, i) => {
      const user = `user-${first + i}`
      const token = signToken({ sub: user, iat, exp: iat + 86_400 }, secret)
      return { user, token, socket: null, epoch: '', seq: 0, isLive: false }
    })
  }

  /** Opens the sockets of some members, so many under way at a time; resolves when all are live. */
  async open(from: number, to: number, inFlight: number): Promise<number> {
    const started = performance.now()
    let next = from
    const lane = async (): Promise<void> => {
      while (next < to) await this.#openOne(next++)
    }
    await Promise.all(Array.from({ length: inFlight }, lane))
    await this.#allLive(from, to)
    return performance.now() - started
  }

  /** Opens them as clients do whose sockets broke together: each waits by chance before it tries again. */
  async reopen(from: number, to: number, jitterMs: number): Promise<number> {
    const started = performance.now()
    await Promise.all(
      this.members.slice(from, to).map(async (_, i) => {
        await sleep(Math.random() * jitterMs)
        await this.#openOne(from + i)
      }),
    )
    await this.#allLive(from, to)
    return performance.now() - started
  }

  cut(from: number, to: number): void {
    for (const member of this.members.slice(from, to)) {
      member.socket?.cut()
      member.socket = null
      member.isLive = false
    }
  }

  async #allLive(from: number, to: number): Promise<void> {
    for (const member of this.members.slice(from, to)) while (!member.isLive) await this.#nextLive()
  }

  #nextLive(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeLive = resolve
    })
  }

  /** A server that is asked to take too many at once says no; clients come back after a while. */
  async #openOne(index: number): Promise<void> {
    const member = this.members[index]!
    const from = `127.0.0.${1 + (index % 8)}`
    for (;;) {
      try {
        member.socket = await CheapWebSocket.open(
          this.#urls[index % this.#urls.length]!,
          this.#dialect.path,
          from,
          index,
          this.#events,
        )
        break
      } catch {
        this.refused++
        await sleep(500 + Math.random() * 1_000)
      }
    }
    const first = this.#dialect.first(member)
    if (first !== null) member.socket.send(first)
  }

  readonly #events = {
    frame: (socket: CheapWebSocket, payload: Buffer): void => {
      const member = this.members[socket.index]!
      if (this.#dialect.take(member, payload, (text) => socket.send(text))) {
        member.isLive = true
        this.#wakeLive()
      } else this.#onFrame(socket.index, payload)
    },
    closed: ({ index }: CheapWebSocket): void => {
      this.closed++
      const member = this.members[index]!
      member.isLive = false
    },
  }
}
