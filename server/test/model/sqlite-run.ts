import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type EmbeddedEngines, openEmbedded } from '../../src/engines/embedded.ts'
import { databaseFile } from '../../src/engines/sqlite/open.ts'
import { temporaryFolder } from '../../src/engines/sqlite/testing/temporary-folder.ts'
import { HeadwaterError, UnknownOutcome } from '../../src/lib/error.ts'
import type { Random } from '../../src/lib/seams.ts'
import { seededRandom, type VirtualSeams, virtualSeams } from '../../src/lib/virtual-seams.ts'
import type { UserId } from '../../src/model/ids.ts'
import { assertPageComplete } from './assert-page-complete.ts'
import { Died, MortalPorts } from './mortal-ports.ts'
import type { PlainFold } from './plain-fold.ts'
import { createRandomEvents, pick } from './random-events.ts'
import { createUserOperations } from './user-operations.ts'
import { type Api, assertAsPlain, createApi, foldLog, isDone, rest, TestWorker } from './world.ts'

const start = Date.UTC(2026, 0, 28)
const dayMs = 86_400_000
/** Few make large groups that everyone gets in and out of, many make many small ones. */
const crowds = [
  { users: 1, actors: 5, objects: 1 },
  { users: 2, actors: 6, objects: 2 },
  { users: 4, actors: 8, objects: 3 },
]
const log = { partitions: 3, maxLag: 1_000_000 }
/** Requests that are under way at a time. */
const atOnce = 8
/** Steps of time after which nothing is expected to happen any more. */
const ticksMax = 20_000

/**
 * A stream in trouble on real SQLite files: workers die or stall between any two calls, do not always hear what became
 * of a write, caches are wiped, the whole process starts again and has forgotten what it committed.
 */
export class SqliteRun implements AsyncDisposable {
  readonly seed: number
  readonly seams: VirtualSeams
  readonly happened = { deaths: 0, stalls: 0, wipes: 0, restarts: 0 }
  readonly #folder = temporaryFolder()
  readonly #random: Random
  readonly #eraseUsers: boolean
  readonly #users: readonly UserId[]
  readonly #next: ReturnType<typeof createRandomEvents>
  readonly #operations: ReturnType<typeof createUserOperations>
  #engines: EmbeddedEngines | undefined
  #api: Api | undefined
  #workers: { readonly mortal: MortalPorts; readonly worker: TestWorker }[] = []
  readonly #pending = new Set<Promise<void>>()
  #unexpected: unknown = null

  constructor(seed: number, { eraseUsers = true } = {}) {
    this.seed = seed
    this.#eraseUsers = eraseUsers
    this.seams = virtualSeams({ now: start + 13 * dayMs, seed })
    this.#random = seededRandom(seed * 7_919 + 1)
    // January ends within these days, so that groups lie in two months.
    const crowd = crowds[seed % crowds.length] ?? { users: 1, actors: 1, objects: 1 }
    this.#users = Array.from({ length: crowd.users }, (_, i) => `user-${i}`)
    this.#next = createRandomEvents(this.#random, { ...crowd, from: start, spanMs: 12 * dayMs })
    this.#operations = createUserOperations(this.#random, crowd)
  }

  get engines(): EmbeddedEngines {
    if (!this.#engines) throw new Error('not open')
    return this.#engines
  }

  get api(): Api {
    if (!this.#api) throw new Error('not open')
    return this.#api
  }

  async open(): Promise<void> {
    // Time here runs ahead of a busy disk: who takes long would be passed over, and be another that stalls.
    const patience = this.#eraseUsers ? { patienceMs: Number.POSITIVE_INFINITY } : {}
    this.#engines = await openEmbedded({ data: { dir: this.#folder.path }, log: { ...log, ...patience } }, this.seams)
    this.#api = createApi(this.#engines.ports, this.seams)
    for (let i = 0; i < 2; i++) this.#startWorker()
  }

  async operate(): Promise<void> {
    const chance = this.#random.next()
    const user = this.#users[pick(this.#random, this.#users.length)] as UserId
    const { api } = this
    if (chance < 0.68) await this.#begin(() => api.append({ kind: 'event', event: this.#next() }))
    else if (chance < 0.78) await this.#begin(() => this.#operations.mark(api, user))
    else if (chance < 0.81) await this.#begin(() => this.#operations.deleteGroup(api, user))
    else if (chance < 0.82) await this.#begin(() => this.#operations.deleteObject(api, this.seams.clock))
    else if (chance < 0.84) await this.#begin(() => this.#operations.eraseActor(api))
    else if (chance < 0.845 && this.#eraseUsers) await this.#begin(() => this.#operations.eraseUser(api, user))
    else if (chance < 0.93) await this.#pass(pick(this.#random, 1_500))
    else if (chance < 0.97) await this.#troubleWorker()
    else if (chance < 0.99) await this.#wipeCaches()
    else if (chance < 0.994) await this.#restart()
    else if (!this.#eraseUsers) await this.during(assertPageComplete(api, user, `seed ${this.seed}`))
    this.#reviveWorkers()
    if (this.#unexpected) throw this.#unexpected
  }

  /**
   * Waits until everything is folded. Whoever stalls sleeps through it, is passed over, and then goes on as if nothing
   * had been. What the log says after that.
   */
  async settle(): Promise<PlainFold> {
    for (let i = 0; i < atOnce; i++) {
      await this.#begin(() => this.api.append({ kind: 'event', event: this.#next() }))
      if (i === pick(this.#random, atOnce)) this.#stall(this.#workers[0]?.mortal)
    }
    await this.during(Promise.all(this.#pending))
    this.#startWorker()
    for (let step = 0; !(await isDone(this.engines.ports.log)); step++) {
      if (step > ticksMax) throw new Error('the log was never folded to its end')
      this.#reviveWorkers()
      if (this.#unexpected) throw this.#unexpected
      await this.#tick(500)
    }
    await this.#stopWorkers()
    return foldLog(this.engines.ports.log)
  }

  async assertAsPlain(plain: PlainFold, context = ''): Promise<void> {
    for (const [id, user] of plain.users)
      await this.during(assertAsPlain(this.api, id, user, `seed ${this.seed}${context}`))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#engines) await this.during(Promise.allSettled(this.#pending))
    await this.#stopWorkers()
    await this.#engines?.[Symbol.asyncDispose]()
    this.#folder[Symbol.dispose]()
  }

  /** The stream goes on while requests are under way, as it does for a server. */
  async #begin(operation: () => Promise<void>): Promise<void> {
    const done: Promise<void> = operation()
      .catch((error) => {
        if (!isExpected(error)) this.#unexpected ??= error
      })
      .finally(() => this.#pending.delete(done))
    this.#pending.add(done)
    if (this.#pending.size >= atOnce) await this.during(Promise.race(this.#pending))
  }

  async #troubleWorker(): Promise<void> {
    const chosen = this.#workers[pick(this.#random, this.#workers.length)]
    const chance = this.#random.next()
    if (chance < 0.5) {
      this.happened.deaths++
      await chosen?.mortal.die()
    } else if (chance < 0.7) this.#stall(chosen?.mortal)
    else chosen?.mortal.thaw()
  }

  /** Not where streams are erased: no row is left then that would refuse what a sleeper has yet to write. */
  #stall(worker: MortalPorts | undefined): void {
    if (this.#eraseUsers) return
    this.happened.stalls++
    worker?.stall()
  }

  async #wipeCaches(): Promise<void> {
    this.happened.wipes++
    const { unread, offline } = this.engines.ports
    await Promise.all([unread.drop(this.#users), offline.drop(this.#users)])
  }

  /** All workers die with the process; the next one may have forgotten any of the commits. */
  async #restart(): Promise<void> {
    this.happened.restarts++
    await this.during(Promise.all(this.#pending))
    for (const { mortal } of this.#workers) await mortal.die()
    await this.#stopWorkers()
    await this.engines[Symbol.asyncDispose]()
    this.#forgetCommits()
    await this.open()
  }

  #forgetCommits(): void {
    using db = new DatabaseSync(join(this.#folder.path, databaseFile))
    for (let partition = 0; partition < log.partitions; partition++) {
      const keep = this.#random.next() < 0.5 ? 1 : this.#random.next()
      const forget =
        'UPDATE log_partitions SET committed = max(start, CAST(committed * ? AS INTEGER)) WHERE partition = ?'
      db.prepare(forget).run(keep, partition)
    }
  }

  #startWorker(): void {
    const settings = { unordered: this.seed % 2 === 0, unknown: this.seed % 3 === 0 ? 0 : 0.03 }
    const mortal = new MortalPorts(this.engines.ports, settings, this.#random)
    this.#workers.push({ mortal, worker: new TestWorker(mortal.ports, this.seams) })
  }

  #reviveWorkers(): void {
    const dead = this.#workers.filter(({ worker }) => worker.isDead)
    this.#workers = this.#workers.filter(({ worker }) => !worker.isDead)
    for (const { worker } of dead) {
      const { failure } = worker
      if (!(failure instanceof Died) && !UnknownOutcome.is(failure)) this.#unexpected ??= failure
      this.#startWorker()
    }
  }

  async #stopWorkers(): Promise<void> {
    const stopping = this.#workers.map(({ worker, mortal }) => {
      mortal.thaw()
      return worker.stop()
    })
    await this.during(Promise.all(stopping))
    this.#workers = []
  }

  /** Time passes while it is under way. */
  async during<T>(work: Promise<T>, database = this.engines.database): Promise<T> {
    let isOver = false
    const watched = work.finally(() => {
      isOver = true
    })
    watched.catch(() => {})
    for (let ticks = 0; !isOver; ticks++) {
      if (ticks > ticksMax) throw new Error('it never came to an end')
      await this.#tick(10, database)
    }
    return watched
  }

  async #pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 250) await this.#tick(Math.min(250, left))
  }

  /** Virtual time and the real disk go on together: what was being written when time moved is then written. */
  async #tick(ms: number, { writer } = this.engines.database): Promise<void> {
    this.seams.time.advance(ms)
    await rest(2)
    if (writer.queuedCommands > 0) await writer.probe()
    await rest(1)
  }
}

const isExpected = (error: unknown): boolean => HeadwaterError.is(error) && error.code === 'not_found'
