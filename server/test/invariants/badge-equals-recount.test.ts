// Whatever happens to a stream, the badge is what counting the list gives, and who follows it by frames shows the same.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EventInput, eventTypes, type StreamPosition } from '@headwater/protocol'
import { seededRandom } from '../../src/lib/virtual-seams.ts'
import { startHeadwater, type TestServer } from '../../src/testing.ts'
import { accept, like, mark, page, walk } from '../journeys/testing/calls.ts'
import { steps } from '../journeys/testing/lengths.ts'
import { openSocket, type TestSocket } from '../journeys/testing/socket.ts'
import { View } from '../journeys/testing/view.ts'

const hourMs = 3_600_000
const users = ['carol', 'dora', 'eve']
const rounds = steps(50, 15)

for (const seed of [1, 2]) {
  test(`late and repeated events, marks, deletions of every kind, clients that come and go (seed ${seed})`, async () => {
    await using server = await startHeadwater({ seed, config: seed % 2 === 0 ? { 'activity.flushMs': 0 } : {} })
    const random = seededRandom(seed * 104_729)
    const pick = (count: number): number => Math.floor(random.next() * count)
    const clients = users.map((user) => new Client(server, user))
    const sent: EventInput[] = []
    for (let round = 0; round < rounds; round++) {
      const events = Array.from({ length: 1 + pick(25) }, () =>
        sent.length > 0 && random.next() < 0.1 ? sent[pick(sent.length)]! : someEvent(),
      )
      sent.push(...events)
      const writes: Promise<unknown>[] = [accept(server, events)]
      for (const { user } of clients) {
        if (random.next() < 0.3) writes.push(mark(server, user, random.next() < 0.5 ? 'read' : 'seen', { all: true }))
        if (random.next() < 0.3) writes.push(changeOne(user))
      }
      if (random.next() < 0.15) writes.push(server.request('DELETE', `/v1/objects/POST/p${pick(12)}`))
      if (random.next() < 0.04) writes.push(server.request('DELETE', `/v1/users/actor-${pick(8)}`))
      for (const client of clients) if (random.next() < 0.25) writes.push(client.toggle())
      await Promise.all(writes)
      await server.advance([0, 1, 250, 5_000, 20 * 60_000, 20 * hourMs][pick(6)] as number)
      await server.advance(6_000)
      await server.settle()
      for (const client of clients) await client.check(`seed ${seed}, round ${round}`)
    }
    for (const client of clients) await client.end()
    assert.ok(
      clients.every((client) => client.compared > steps(2, 0)),
      String(clients.map((client) => client.compared)),
    )

    function someEvent(): EventInput {
      const back = random.next() < 0.3 ? pick(60) * hourMs : 0
      return like(`actor-${pick(8)}`, users[pick(3)] as string, `p${pick(12)}`, {
        event_type: eventTypes[pick(3)] ?? 'LIKE',
        op: random.next() < 0.3 ? 'UNDO' : 'ADD',
        ...(random.next() < 0.7 && { created_at: server.now() - back - pick(3) }),
      })
    }

    async function changeOne(user: string): Promise<void> {
      const { activity_groups } = await page(server, user)
      const id = activity_groups[pick(activity_groups.length)]?.group_id
      if (id === undefined) return
      if (random.next() < 0.3) await server.request('DELETE', `/v1/activities/${id}`, { user })
      // Another write may take the group away first.
      else await server.request('POST', '/v1/activities/read', { user, body: { group_ids: [id] } })
    }
  })
}

/** A user's app: it follows frames while it is connected, and resumes or begins anew when it comes back. */
class Client {
  readonly user: string
  readonly #server: TestServer
  readonly #view = new View()
  #socket: TestSocket | null = null
  #taken = 0
  #position: StreamPosition | null = null
  /** How often what it shows was compared with the server's list. */
  compared = 0

  constructor(server: TestServer, user: string) {
    this.#server = server
    this.user = user
  }

  async toggle(): Promise<void> {
    if (this.#socket) return this.end()
    if (!this.#position) {
      const { epoch } = await page(this.#server, this.user, '?limit=1')
      this.#position = { epoch, seq: await this.#view.load(this.#server, this.user) }
    }
    this.#socket = await openSocket(this.#server, this.user, { resume: this.#position })
    this.#taken = 0
  }

  async end(): Promise<void> {
    if (!this.#socket) return
    await this.#socket.hangUp()
    await this.#follow()
    this.#position = this.#socket.position
    this.#socket = null
  }

  async check(message: string): Promise<void> {
    const groups = await walk(this.#server, this.user)
    const { unread_count, unseen_count, seq } = await page(this.#server, this.user, '?limit=1')
    assert.equal(unread_count, groups.filter((held) => !held.is_read).length, message)
    assert.equal(unseen_count, groups.filter((held) => !held.is_seen).length, message)
    for (const held of groups) {
      assert.ok(held.actor_count > 0 && held.unread_seq <= held.seq && held.seq <= seq, message)
      assert.ok(held.new_actor_count >= 0 && held.new_actor_count <= held.actor_count, message)
    }
    const known = groups.length > 0 ? groups[0] : undefined
    if (known) await this.#checkMembers(known.group_id, known.actor_count, message)
    if (!this.#socket) return
    const socket = this.#socket
    const isLive = await socket.reached(seq).then(
      () => true,
      (error) => {
        if (!socket.isClosed) throw error
        return false
      },
    )
    // The clock may have gone on for longer than an open socket may be silent.
    if (!isLive) return this.end()
    this.compared++
    await this.#follow()
    await this.#view.assertIsTheServers(this.#server, this.user, `${message}, ${this.user}`)
  }

  async #checkMembers(groupId: string, count: number, message: string): Promise<void> {
    const { body } = await this.#server.request('GET', `/v1/activities/${groupId}/actors?limit=100`, {
      user: this.user,
    })
    assert.equal(body.actors.length, count, message)
  }

  async #follow(): Promise<void> {
    if (!this.#socket) return
    if (this.#socket.frames.slice(this.#taken).some((frame) => frame.type === 'reset')) {
      await this.#view.load(this.#server, this.user)
    }
    this.#taken = this.#view.follow(this.#socket, this.#taken)
  }
}
