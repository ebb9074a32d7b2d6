import assert from 'node:assert/strict'
import type { ActivityGroup } from '@headwater/protocol'
import { WebSocket } from 'ws'
import { createClient, type HeadwaterClient } from '../../../../client/src/client.ts'
import { systemSeams as clientSeams } from '../../../../client/src/seams.ts'
import type { Random } from '../../../src/lib/seams.ts'
import { eventually } from './eventually.ts'
import type { StressedServer } from './stressed-server.ts'

/** Waits of the SDK are as long as it likes in the field; here they are a share of that. */
const hurry = 0.02
const weekS = 7 * 86_400

/** One app on the real client SDK, and the network that it has, which can be taken from it. */
export class App implements Disposable {
  readonly user: string
  readonly client: HeadwaterClient
  readonly #server: StressedServer
  readonly #sockets = new Set<WebSocket>()
  #isAway = false
  /** Sockets that it opened. */
  connections = 0

  constructor(server: StressedServer, user: string, random: Random) {
    this.#server = server
    this.user = user
    const open = (socket: WebSocket): void => {
      this.connections++
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      if (this.#isAway) socket.terminate()
    }
    this.client = createClient({
      url: `http://127.0.0.1:${server.port}`,
      token: server.token(user, { ttlS: weekS }),
      activities: { pageSize: 100 },
      seams: { ...clientSeams, random: { next: () => random.next() * hurry, bytes: (length) => random.bytes(length) } },
      WebSocket: class extends WebSocket {
        constructor(url: string) {
          super(url)
          open(this)
        }
      },
    })
  }

  cut(): void {
    for (const socket of this.#sockets) socket.terminate()
  }

  goAway(): void {
    this.#isAway = true
    this.cut()
  }

  comeBack(): void {
    this.#isAway = false
  }

  /** Resolves when it shows what a page shows. */
  async assertShowsPage(): Promise<void> {
    const { user } = this
    let shown: unknown
    let page: unknown
    const agree = async () => {
      const { body } = await this.#server.http.call('GET', '/v1/activities?limit=100', { user })
      const { connection, groups, unreadCount, unseenCount } = this.client.activities.getSnapshot()
      shown = { connection, unread: unreadCount, unseen: unseenCount, groups: groups.slice(0, 100).map(gist) }
      page = {
        connection: 'online',
        unread: body.unread_count,
        unseen: body.unseen_count,
        groups: body.activity_groups.map(gist),
      }
      return JSON.stringify(shown) === JSON.stringify(page)
    }
    await eventually(`an app of ${user} shows what there is`, agree, { withinMs: 20_000 }).catch(() =>
      assert.deepEqual(shown, page),
    )
  }

  [Symbol.dispose](): void {
    this.client.close()
  }
}

const gist = ({ group_id, seq, actor_count, is_read }: ActivityGroup) => [group_id, seq, actor_count, is_read]
