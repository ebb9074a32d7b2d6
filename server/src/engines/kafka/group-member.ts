import type { ConnectionPool } from '@platformatic/kafka'
import { uuidText } from '../../lib/uuid-bytes.ts'
import type { Offset, Partition } from '../../model/ids.ts'
import type { KafkaMember, MemberSettings } from './client.ts'
import type { Cluster } from './cluster.ts'
import { isFailure, KafkaFailure, kafkaErrors } from './failure.ts'

/** Tells the group that a member leaves. */
const leaving = -1
const patienceMs = 1_000
const commitTries = 20
const retryMs = 75

/**
 * A member of a KIP-848 group by heartbeats of our own. The driver's consumer acknowledges a loss by itself before the worker
 * has let go, keeps its assignment after it was put out of the group, and does not tell of gains.
 */
export class GroupMember implements KafkaMember {
  readonly #cluster: Cluster
  readonly #group: string
  readonly #topic: string
  readonly #topicId: string
  readonly #settings: MemberSettings
  readonly #changed: () => void
  readonly #pool: ConnectionPool
  readonly #held = new Set<Partition>()
  #target: ReadonlySet<Partition> = new Set()
  #id: string
  #epoch = 0
  #term = 0
  #heardAt: number
  #in = true
  #closed = false
  /** The whole state goes out with the next heartbeat: the group may not have heard, or we may not have. */
  #whole = true
  #beating: Promise<void> | undefined
  #beatAgain = false
  #timer: Disposable | undefined
  #intervalMs: number

  constructor(
    cluster: Cluster,
    group: string,
    topic: string,
    topicId: string,
    settings: MemberSettings,
    changed: () => void,
  ) {
    this.#cluster = cluster
    this.#group = group
    this.#topic = topic
    this.#topicId = topicId
    this.#settings = settings
    this.#changed = changed
    this.#pool = cluster.newPool()
    this.#intervalMs = settings.heartbeatMs
    this.#id = this.#newId()
    this.#heardAt = this.#now()
    void this.#beatOn()
  }

  get target(): ReadonlySet<Partition> {
    return this.#target
  }

  get term(): number {
    return this.#term
  }

  get heardAt(): number {
    return this.#heardAt
  }

  async beat(): Promise<boolean> {
    const patience = new AbortController()
    const over = this.#cluster.seams.scheduler.sleep(patienceMs, patience.signal).then(() => false)
    const answered = await Promise.race([this.#beatOn().then(() => true), over])
    patience.abort()
    return answered
  }

  hold(partitions: readonly Partition[]): void {
    for (const partition of partitions) this.#held.add(partition)
  }

  release(partitions: readonly Partition[]): void {
    for (const partition of partitions) this.#held.delete(partition)
    this.#whole = true
    void this.#beatOn()
  }

  async commit(offsets: ReadonlyMap<Partition, Offset>): Promise<boolean> {
    const term = this.#term
    for (let tries = 0; ; tries++) {
      if (!this.#in || this.#closed || term !== this.#term) return false
      try {
        await this.#tryCommit(offsets)
        return true
      } catch (error) {
        if (isFailure(error, kafkaErrors.unknownMember, kafkaErrors.fencedMemberEpoch)) {
          await this.beat()
          return false
        }
        if (tries >= commitTries) throw error
        // The epoch of the member grew while the commit was on its way: the next heartbeat tells the new one.
        if (isFailure(error, kafkaErrors.staleMemberEpoch)) await this.beat()
        else await this.#cluster.seams.scheduler.sleep(retryMs)
      }
    }
  }

  async #tryCommit(offsets: ReadonlyMap<Partition, Offset>): Promise<void> {
    const partitions = [...offsets].map(([partitionIndex, offset]) => ({
      partitionIndex,
      committedOffset: BigInt(offset),
      committedLeaderEpoch: -1,
      committedMetadata: null,
    }))
    const topics = [{ name: this.#topic, partitions }]
    const { topics: answers } = await this.#cluster.requestCoordinator(
      this.#group,
      this.#cluster.driver.offsetCommitV9.api,
      [this.#group, this.#epoch, this.#id, null, topics],
    )
    const code = answers.flatMap((topic) => topic.partitions).find(({ errorCode }) => errorCode !== 0)?.errorCode
    if (code === undefined) return
    this.#forgetOn(code)
    throw new KafkaFailure(code, `a commit of the group ${this.#group}`)
  }

  async leave(): Promise<void> {
    if (!this.#in) return
    this.#in = false
    this.#timer?.[Symbol.dispose]()
    await this.#beating
    const epoch = this.#epoch
    this.#lose()
    if (epoch > 0) await this.#send(leaving, []).catch(() => {})
  }

  rejoin(): void {
    if (this.#in || this.#closed) return
    this.#in = true
    this.#id = this.#newId()
    void this.#beatOn()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    await this.leave()
    this.#closed = true
    await this.#cluster.closePool(this.#pool)
  }

  /** One heartbeat at a time; who asks while one is on its way waits for the next one. */
  #beatOn(): Promise<void> {
    if (this.#beating) {
      this.#beatAgain = true
      return this.#beating
    }
    this.#beating = this.#beatNow().finally(() => {
      this.#beating = undefined
    })
    return this.#beating
  }

  async #beatNow(): Promise<void> {
    this.#timer?.[Symbol.dispose]()
    do {
      this.#beatAgain = false
      if (!this.#in || this.#closed) return
      await this.#beatOnce()
    } while (this.#beatAgain)
    if (!this.#in || this.#closed) return
    this.#timer = this.#cluster.seams.scheduler.after(this.#intervalMs, () => void this.#beatOn())
  }

  async #beatOnce(): Promise<void> {
    const whole = this.#whole
    this.#whole = false
    try {
      const answer = await this.#send(this.#epoch, whole || this.#epoch === 0 ? [...this.#held] : null)
      this.#heardAt = this.#now()
      this.#epoch = answer.memberEpoch
      if (answer.heartbeatIntervalMs > 0) {
        this.#intervalMs = Math.min(answer.heartbeatIntervalMs, this.#settings.heartbeatMs)
      }
      if (!answer.assignment) return
      const mine = answer.assignment.topicPartitions.filter(({ topicId }) => sameId(topicId, this.#topicId))
      this.#target = new Set(mine.flatMap(({ partitions }) => partitions))
      this.#changed()
    } catch (error) {
      this.#whole = true
      if (isFailure(error, ...putOut)) {
        this.#heardAt = this.#now()
        this.#lose()
        this.#id = this.#newId()
        this.#beatAgain = true
      } else {
        await this.#cluster.seams.scheduler.sleep(retryMs)
      }
    }
  }

  async #send(epoch: number, held: readonly Partition[] | null) {
    const joining = epoch === 0
    const whole = held !== null && epoch !== leaving
    const { api } = this.#cluster.driver.consumerGroupHeartbeatV1
    const answer = await this.#cluster.requestCoordinator(
      this.#group,
      api,
      [
        this.#group,
        this.#id,
        epoch,
        null,
        null,
        whole ? this.#settings.rebalanceTimeoutMs : -1,
        whole ? [this.#topic] : null,
        null,
        joining ? 'uniform' : null,
        held === null ? null : held.length > 0 ? [{ topicId: this.#topicId, partitions: [...held] }] : [],
      ],
      this.#pool,
    )
    if (answer.errorCode === 0) return answer
    this.#forgetOn(answer.errorCode)
    throw new KafkaFailure(answer.errorCode, `the group ${this.#group}`)
  }

  #forgetOn(code: number): void {
    if (code === kafkaErrors.notCoordinator || code === kafkaErrors.coordinatorNotAvailable) {
      this.#cluster.forgetCoordinator(this.#group)
    }
  }

  #lose(): void {
    this.#term++
    this.#epoch = 0
    this.#whole = true
    this.#held.clear()
    this.#target = new Set()
    this.#changed()
  }

  #newId(): string {
    return uuidText(this.#cluster.seams.random.bytes(16))
  }

  #now(): number {
    return this.#cluster.seams.clock.monotonic()
  }
}

const putOut = [kafkaErrors.unknownMember, kafkaErrors.fencedMemberEpoch] as const

const sameId = (a: string, b: string): boolean => a.replaceAll('-', '') === b.replaceAll('-', '')
