import assert from 'node:assert/strict'
import { Crashed, type HostileEngines, HostileWorld, hostileEngines } from '../../src/engines/memory/hostile.ts'
import { openMemory } from '../../src/engines/memory/open.ts'
import { createMemoryStorage, type MemoryStorage } from '../../src/engines/memory/storage.ts'
import { gatewayDefaults } from '../../src/gateway/settings.ts'
import { createSwitchboard, type Switchboard } from '../../src/gateway/switchboard.ts'
import { FakeClient } from '../../src/gateway/testing/fake-client.ts'
import { ListAccess } from '../../src/gateway/testing/fake-ports.ts'
import { HeadwaterError, UnknownOutcome } from '../../src/lib/error.ts'
import type { Random } from '../../src/lib/seams.ts'
import { seededRandom, type VirtualSeams, virtualSeams } from '../../src/lib/virtual-seams.ts'
import type { UserId } from '../../src/model/ids.ts'
import { createRandomEvents, pick } from './random-events.ts'
import { type Api, assertAsPlain, createApi, foldLog, isDone, passUntil, rest, TestWorker } from './world.ts'

const start = Date.UTC(2026, 0, 28)
const dayMs = 86_400_000
const users = ['user-0', 'user-1', 'user-2', 'user-3']
const actors = 8

export interface HostileRunReport {
  readonly seed: number
  readonly trouble: string
  readonly groups: number
  readonly resets: number
}

/**
 * A whole stream in trouble: two workers that crash, freeze and lose partitions, an API whose writes have unknown ends,
 * a gateway whose hints get lost, sockets that come, go and stall; events late, repeated, undone, over the end of a month.
 * Then calm; and everything must be as the plain fold of the log says.
 */
export async function hostileRun(seed: number, operations: number): Promise<HostileRunReport> {
  const run = new HostileRun(seed)
  try {
    for (let i = 0; i < operations; i++) await run.operate()
    return await run.settleAndCompare()
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}\n${run.world.report()}`, {
      cause: error,
    })
  }
}

class HostileRun {
  readonly seed: number
  readonly seams: VirtualSeams
  readonly world: HostileWorld
  readonly #storage: MemoryStorage
  readonly #random: Random
  readonly #next: ReturnType<typeof createRandomEvents>
  readonly #api: Api
  readonly #gateway: Switchboard
  readonly #access = new ListAccess()
  #workers: { readonly engines: HostileEngines; readonly worker: TestWorker }[] = []
  #sockets: { readonly user: UserId; readonly client: FakeClient; shownResets: number }[] = []
  #pending = 0
  #unexpected: unknown = null

  constructor(seed: number) {
    this.seed = seed
    this.seams = virtualSeams({ now: start + 13 * dayMs, seed })
    this.world = new HostileWorld(this.seams, { seed, reviveAfterMs: 300 })
    this.#random = seededRandom(seed * 7_919 + 1)
    this.#storage = createMemoryStorage({ partitions: 3 })
    this.#next = createRandomEvents(this.#random, {
      users: users.length,
      actors,
      objects: 3,
      from: start,
      spanMs: 12 * dayMs,
    })
    this.#api = createApi(this.#engines().ports, this.seams)
    const { ports } = this.#engines()
    const stream = createApi(ports, this.seams).stream
    this.#gateway = createSwitchboard(
      { stream, pubSub: ports.pubSub, sessions: ports.sessions, devices: ports.devices, access: this.#access },
      { ...gatewayDefaults, node: 'gateway', silenceTimeoutMs: Number.MAX_SAFE_INTEGER },
      this.seams,
    )
    for (let i = 0; i < 2; i++) this.#startWorker()
  }

  async operate(): Promise<void> {
    const chance = this.#random.next()
    const user = users[pick(this.#random, users.length)] as UserId
    if (chance < 0.68) await this.#try(() => this.#api.append({ kind: 'event', event: this.#next() }))
    else if (chance < 0.78) await this.#try(() => this.#mark(user))
    else if (chance < 0.8) await this.#try(() => this.#deleteOne(user))
    else if (chance < 0.805) await this.#try(() => this.#deleteObject())
    else if (chance < 0.81) await this.#try(() => this.#eraseActor(user))
    else if (chance < 0.9) await this.#pass(pick(this.#random, 400))
    else if (chance < 0.95) this.#changeSockets(user)
    else if (chance < 0.97) this.#troubleWorker()
    else await this.#showPages()
    this.#reviveWorkers()
    if (this.#unexpected) throw this.#unexpected
  }

  async settleAndCompare(): Promise<HostileRunReport> {
    this.world.calm()
    for (const { client } of this.#sockets) if (!client.closed) client.drain()
    const { log } = this.#api.ports
    await passUntil(this.seams, 'the log is folded', async () => {
      this.#reviveWorkers()
      return this.#pending === 0 && (await isDone(log))
    })
    await this.#pass(3 * gatewayDefaults.pingIntervalMs)
    const plain = await foldLog(log)
    let groups = 0
    for (const [id, user] of plain.users) {
      await this.#during(assertAsPlain(this.#api, id, user, `seed ${this.seed}`))
      groups += user.groups.length
    }
    await this.#compareSockets(plain)
    const resets = this.#sockets.reduce((sum, { client }) => sum + client.resets, 0)
    await this.#close()
    return { seed: this.seed, trouble: this.world.report(), groups, resets }
  }

  /** What a socket was told, put together, is what the list shows. */
  async #compareSockets(plain: Awaited<ReturnType<typeof foldLog>>): Promise<void> {
    await this.#showPages()
    for (const { user, client } of this.#sockets) {
      if (client.problem) throw client.problem
      if (client.closed || !client.hasPage) continue
      const expected = plain.user(user)
      const told = [...client.groups.values()].map((group) => [group.group_id, group.actor_count, group.seq])
      assert.deepEqual(
        told.sort(byFirst),
        expected
          .visible()
          .map((group) => [
            group.groupId,
            [...group.members.values()].filter((member) => member.op === 'ADD').length,
            group.seq,
          ])
          .sort(byFirst),
        `a socket of ${user}`,
      )
      const { unread, unseen } = client.counts
      assert.deepEqual(
        { unread, unseen },
        { unread: expected.unread(), unseen: expected.unseen() },
        `counts on a socket of ${user}`,
      )
      assert.equal(client.position, expected.head, `position of a socket of ${user}`)
    }
  }

  async #mark(user: UserId): Promise<void> {
    const mark = this.#random.next() < 0.5 ? 'read' : 'seen'
    const { groups, badge } = await this.#api.reader.page(user, { after: null, limit: 20, types: null, locale: null })
    const chance = this.#random.next()
    const chosen = groups.filter(() => this.#random.next() < 0.3).map((group) => group.group_id)
    if (chance < 0.4) await this.#api.readState.mark(user, mark, { all: true, upToSeq: null })
    else if (chance < 0.6)
      await this.#api.readState.mark(user, mark, { all: true, upToSeq: pick(this.#random, badge.upTo + 5) })
    else if (chosen.length > 0) await this.#api.readState.mark(user, mark, { groupIds: chosen })
  }

  async #deleteOne(user: UserId): Promise<void> {
    const { groups } = await this.#api.reader.page(user, { after: null, limit: 20, types: null, locale: null })
    const group = groups[pick(this.#random, groups.length)]
    if (group) await this.#api.readState.remove(user, group.group_id)
  }

  async #deleteObject(): Promise<void> {
    const object = { objectType: 'POST', objectId: `post-${pick(this.#random, 3)}` } as const
    for (const user of await this.#api.ports.objects.targets(object, null, 100)) {
      for (const groupId of await this.#api.ports.objects.groups(object, user)) {
        await this.#api.append({ kind: 'group_deleted', user, groupId })
      }
    }
  }

  async #eraseActor(user: UserId): Promise<void> {
    const actor = `actor-${pick(this.#random, actors)}`
    const found = await this.#api.ports.members.groupsOfActor(actor, null, 100)
    for (const { user: target, groupId } of found) {
      if (target === user) await this.#api.append({ kind: 'actor_erased', user, actor, groupId })
    }
  }

  #changeSockets(user: UserId): void {
    const chance = this.#random.next()
    const socket = this.#sockets[pick(this.#random, this.#sockets.length)]
    if (chance < 0.4 && this.#sockets.length < 8) this.#openSocket(user)
    else if (chance < 0.6 && socket) this.#resumeSocket(socket)
    else if (chance < 0.8 && socket && !socket.client.closed) socket.client.writable = false
    else if (socket && !socket.client.closed) socket.client.drain()
  }

  #openSocket(user: UserId, resume: { epoch: string; seq: number } | null = null): FakeClient {
    const client = new FakeClient()
    client.mayMeetDeleted = true
    const principal = this.#access.principal(user)
    client.session = this.#gateway.openStarted({ transport: client, locale: null, actingAs: null, principal }, resume)
    this.#sockets.push({ user, client, shownResets: 0 })
    return client
  }

  /** Breaks the connection; the client comes back with what it has. */
  #resumeSocket(socket: { readonly user: UserId; readonly client: FakeClient; readonly shownResets: number }): void {
    const { user, client: before } = socket
    this.#sockets = this.#sockets.filter((other) => other !== socket)
    if (before.problem) throw before.problem
    if (!before.closed) before.session.lost()
    if (before.position === 0) return
    const client = this.#openSocket(user, { epoch: this.#api.stream.epoch, seq: before.position })
    client.groups = before.groups
    // What a reset asked for and was not read yet must be read by the new socket.
    client.hasPage = before.hasPage && socket.shownResets === before.resets
    client.counts = before.counts
  }

  /** After a reset, and for a new socket, a client reads the list. */
  async #showPages(): Promise<void> {
    for (const socket of this.#sockets) {
      const { client, user } = socket
      if (client.problem) throw client.problem
      if (client.closed || (client.hasPage && socket.shownResets === client.resets)) continue
      const { resets } = client
      await this.#try(async () => {
        const page = await this.#api.reader.page(user, { after: null, limit: 100, types: null, locale: null })
        // What the socket told meanwhile is newer than the page: the newer state of each group holds.
        const newer = [...client.groups.values()].filter((group) => group.seq > page.badge.upTo)
        const { counts } = client
        client.show(page)
        for (const group of newer) client.groups.set(group.group_id, group)
        if (counts.seq > client.counts.seq) client.counts = counts
        socket.shownResets = resets
      })
    }
  }

  #troubleWorker(): void {
    const { engines } = this.#workers[pick(this.#random, this.#workers.length)] ?? {}
    const chance = this.#random.next()
    if (chance < 0.3) engines?.crash()
    else if (chance < 0.6) engines?.freeze()
    else engines?.thaw()
  }

  #startWorker(): void {
    const engines = this.#engines()
    this.#workers.push({ engines, worker: new TestWorker(engines.ports, this.seams) })
  }

  #reviveWorkers(): void {
    const dead = this.#workers.filter(({ worker }) => worker.isDead)
    this.#workers = this.#workers.filter(({ worker }) => !worker.isDead)
    for (const { worker } of dead) {
      const { failure } = worker
      if (!isTrouble(failure)) this.#unexpected ??= failure
      this.#startWorker()
    }
  }

  #engines(): HostileEngines {
    return hostileEngines(this.#storage, this.seams, this.world, { patienceMs: 3_000 })
  }

  /** An operation of a client: it may fail by trouble, and may have had its effect all the same. */
  async #try(work: () => Promise<void>): Promise<void> {
    this.#pending++
    const done = work()
      .catch((error) => {
        if (!isTrouble(error) && !isExpected(error)) this.#unexpected ??= error
      })
      .finally(() => this.#pending--)
    await this.#during(done)
  }

  /** Time passes while it is under way; not for ever. */
  async #during<T>(work: Promise<T>): Promise<T | undefined> {
    let isOver = false
    const watched = work.finally(() => {
      isOver = true
    })
    watched.catch(() => {})
    for (let step = 0; step < 400 && !isOver; step++) {
      await rest(1)
      if (!isOver) this.seams.time.advance(Math.min(50, this.seams.time.nextIn ?? 50))
    }
    return isOver ? watched : undefined
  }

  async #pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; ) {
      const step = Math.min(left, Math.max(1, Math.min(500, this.seams.time.nextIn ?? 500)))
      this.seams.time.advance(step)
      await rest(1)
      left -= step
    }
    await rest(2)
  }

  async #close(): Promise<void> {
    const closing = Promise.all([
      ...this.#workers.map(({ worker }) => worker.stop()),
      this.#gateway[Symbol.asyncDispose](),
    ])
    await passUntil(this.seams, 'everything ends', () =>
      Promise.race([closing.then(() => true), rest(1).then(() => false)]),
    )
    const check = openMemory(this.#storage, this.seams)
    await check.log[Symbol.asyncDispose]()
  }
}

const byFirst = (a: unknown[], b: unknown[]): number => (String(a[0]) < String(b[0]) ? -1 : 1)

const isTrouble = (error: unknown): boolean =>
  error instanceof Crashed || UnknownOutcome.is(error) || (HeadwaterError.is(error) && error.retryable)

/** What an honest client may be told. */
const isExpected = (error: unknown): boolean =>
  (HeadwaterError.is(error) && error.code === 'not_found') ||
  (error instanceof Error && error.message.startsWith('the log took nothing'))
