import type { Random } from '../../../src/lib/seams.ts'
import { eventually } from './eventually.ts'
import { StreamClient, type StreamClientOptions } from './stream-client.ts'
import type { StressedServer } from './stressed-server.ts'

/** The clients of one scenario. They are gone when it ends, however it ends. */
export class Fleet implements Disposable {
  readonly clients: StreamClient[] = []
  readonly #server: StressedServer
  readonly #random: Random

  constructor(server: StressedServer, random: Random) {
    this.#server = server
    this.#random = random
  }

  add(user: string, options: Partial<StreamClientOptions> = {}): StreamClient {
    const { port } = this.#server
    const token = options.token ?? this.#server.token(user)
    const client = new StreamClient({ port, random: this.#random, ...options, user, token })
    this.clients.push(client)
    return client
  }

  /** Resolves when everybody was told of everything there was when they said hello. */
  live(what = 'everybody is there'): Promise<void> {
    const standing = () => {
      const away = this.clients.filter(({ isLive }) => !isLive)
      return `${away.length} of ${this.clients.length} are not; one of them: ${JSON.stringify(away[0])}`
    }
    return eventually(what, () => this.clients.every(({ isLive }) => isLive), { standing })
  }

  /** Resolves when the log is worked off and everybody has everything. */
  async caughtUp(): Promise<void> {
    await eventually('the log is worked off', async () => (await this.#server.metric('headwater_log_lag')) === 0)
    const seqs = new Map<string, number>()
    for (const user of new Set(this.clients.map((client) => client.user))) {
      const { body } = await this.#server.http.call('GET', '/v1/activities?limit=1', { user })
      seqs.set(user, body.seq)
    }
    const hasAll = ({ user, isLive, position }: StreamClient) => isLive && (position?.seq ?? 0) >= (seqs.get(user) ?? 0)
    await eventually('everybody has everything', () => this.clients.every(hasAll))
  }

  leave(): void {
    for (const client of this.clients) client.leave()
  }

  [Symbol.dispose](): void {
    this.leave()
  }
}
