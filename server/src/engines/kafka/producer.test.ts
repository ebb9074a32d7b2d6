import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type VirtualSeams, virtualSeams } from '../../lib/virtual-seams.ts'
import type { Batch, BatchSource } from './client.ts'
import type { Cluster, TopicView } from './cluster.ts'
import { kafkaErrors } from './failure.ts'
import type { ProducedPartition } from './produce-api.ts'
import { Producer } from './producer.ts'

type Answer = (error: Error | null, outcome: ReadonlyMap<number, ProducedPartition>) => void

/** Brokers that answer when the test says so. */
function brokers(seams: VirtualSeams) {
  const requests: Answer[] = []
  const views: (() => void)[] = []
  let producers = 0
  const view: TopicView & { leaders: number[] } = { id: 'topic', leaders: [0], replication: 1 }
  const driver = {
    initProducerIdV5: { api: 'producer id' },
    produceV11: { api: {}, parseResponse: () => {} },
    createAPI: () => (_connection: object, _topic: string, _timeoutMs: number, _batches: unknown[], answer: Answer) =>
      void requests.push(answer),
    metadataV12: { api: (_connection: object, ..._asked: unknown[]) => (_asked.at(-1) as Answer)(null, new Map()) },
    crc32c: () => 0,
  }
  const cluster = {
    driver,
    seams,
    settings: { requestTimeoutMs: 1_000, connectTimeoutMs: 1_000 },
    isOther: () => false,
    known: () => view,
    broker: () => ({}),
    newPool: () => ({ get: async () => ({ isConnected: () => true }) }),
    closePool: async () => {},
    ask: async () => ({ errorCode: 0, producerId: BigInt(++producers), producerEpoch: 0 }),
    refresh: () => new Promise<void>((resolve) => views.push(resolve)),
  }
  const told = (code: number): Parameters<Answer> => [null, new Map([[0, { code, offset: 0, appendedAt: 0 }]])]
  return {
    cluster: cluster as unknown as Cluster,
    view,
    requests,
    views,
    answer: (code: number) => requests.shift()?.(...told(code)),
    enlisted: () => producers,
    fail: () => requests.shift()?.(new Error('the connection was closed'), undefined as never),
  }
}

/** Somebody who has one batch to send. */
function oneBatch() {
  const batch: Batch = { partition: 0, records: [] }
  const waiting = [batch]
  const stored: Batch[] = []
  const outcomes: string[] = []
  const source: BatchSource = {
    take: () => waiting.shift(),
    stored(one) {
      stored.push(one)
      outcomes.push('stored')
    },
    unknown: () => void outcomes.push('unknown'),
    refused: () => void outcomes.push('refused'),
  }
  return { batch, stored, outcomes, source }
}

test('a batch whose leader is found while it is offered anew goes out once', async () => {
  const seams = virtualSeams()
  const { cluster, view, requests, views, answer } = brokers(seams)
  const { batch, source, stored } = oneBatch()
  await using producer = new Producer(cluster, 'topic', view, source)
  producer.offer(0)
  await settled()
  answer(kafkaErrors.notLeader)
  await settled()
  seams.time.advance(1_000)
  await settled()
  view.leaders = [-1]
  views.shift()?.()
  await settled()
  // Nobody leads it, and somebody is asked who will; meanwhile it becomes known, and more is offered.
  assert.equal(views.length, 1)
  view.leaders = [0]
  producer.offer(0)
  await settled()
  views.shift()?.()
  await settled()
  assert.equal(requests.length, 1)
  answer(0)
  await settled()
  assert.deepEqual(stored, [batch])
})

test('a leader that went away and has nothing to do since is found to be back by whoever asks for it', async () => {
  const seams = virtualSeams()
  const { cluster, view, views, requests, answer, fail } = brokers(seams)
  const { batch, source, stored } = oneBatch()
  await using producer = new Producer(cluster, 'topic', view, source)
  producer.offer(0)
  await settled()
  fail()
  await settled()
  // Another one leads, and takes what was on its way.
  view.leaders = [1]
  for (let n = 0; n < 3; n++) {
    seams.time.advance(1_000)
    await settled()
    for (const told of views.splice(0)) told()
    await settled()
  }
  assert.equal(requests.length, 1)
  answer(0)
  await settled()
  assert.deepEqual(stored, [batch])
  // It leads again. Whoever is told that it is away does not send, so nothing is offered.
  view.leaders = [0]
  assert.notEqual(producer.unreachableSince(0), undefined, 'for all that is known it is away')
  await settled()
  assert.equal(producer.unreachableSince(0), undefined)
})

const { messageTooLarge, invalidRecord, topicAuthorization, clusterAuthorization } = kafkaErrors
const { network, notLeader, requestTimedOut, duplicateSequence, outOfOrderSequence } = kafkaErrors
/** Of those that are not told apart. */
const [notEnoughReplicas, notEnoughReplicasAfterAppend, storageError] = [19, 20, 56]
const final = [messageTooLarge, invalidRecord, topicAuthorization, clusterAuthorization]
const passing = [network, notLeader, requestTimedOut, notEnoughReplicas, notEnoughReplicasAfterAppend, storageError]

/** What the broker says to each try, the last of which is the end of it; and how many producer ids that took. */
const answers: readonly (readonly [says: readonly number[], outcome: string, producers: number])[] = [
  [[0], 'stored', 1],
  ...final.map((code) => [[code], 'refused', 1] as const),
  ...passing.map((code) => [[code, 0], 'stored', 1] as const),
  // It is there already, and nobody says where.
  [[requestTimedOut, duplicateSequence], 'unknown', 1],
  [[outOfOrderSequence, 0], 'stored', 2],
  [[outOfOrderSequence, messageTooLarge], 'refused', 2],
  // The try before may have been stored.
  ...final.map((code) => [[network, code], 'unknown', 1] as const),
]

for (const [says, outcome, producers] of answers) {
  test(`a broker that answers ${says.join(', then ')}: ${outcome}, and the partition takes the next batch`, async () => {
    const seams = virtualSeams()
    const { cluster, view, views, answer, fail, requests, enlisted } = brokers(seams)
    const { source, outcomes } = oneBatch()
    await using producer = new Producer(cluster, 'topic', view, source)
    const pass = async () => {
      for (let n = 0; n < 4; n++) {
        await settled()
        for (const told of views.splice(0)) told()
        seams.time.advance(1_000)
      }
      await settled()
    }
    producer.offer(0)
    for (const code of says) {
      await pass()
      assert.equal(requests.length, 1)
      if (code === network) fail()
      else answer(code)
    }
    await pass()
    assert.deepEqual(outcomes, [outcome])
    assert.equal(enlisted(), producers)
    const next: Batch = { partition: 0, records: [] }
    source.take = () => (outcomes.length === 1 ? next : undefined)
    producer.offer(0)
    await pass()
    assert.equal(requests.length, 1)
    answer(0)
    await pass()
    assert.deepEqual(outcomes, [outcome, 'stored'])
  })
}

/** Everything has happened that waits for nobody. */
const settled = () => new Promise((resolve) => setImmediate(resolve))
