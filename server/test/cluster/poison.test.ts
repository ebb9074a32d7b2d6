// Records in the log that nobody can fold: they are set aside with a reason, and those behind them are folded.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { Producer } from '@platformatic/kafka'
import { whereServicesRun } from '../../src/engines/services-for-tests.ts'
import { encodeLogValue } from '../../src/model/log-codec.ts'
import { accept, like, page } from '../journeys/testing/calls.ts'
import { TestCluster } from './nodes/test-cluster.ts'

const timeout = 200_000

whereServicesRun('poison in the log', ['redis', 'postgres', 'kafka', 'cassandra'], () => {
  test('it is parked with a reason, holds nobody up, and can be listed and replayed', { timeout }, async () => {
    await using cluster = await TestCluster.start({ services: process.env.HEADWATER_SERVICES as string, nodes: 1 })
    const api = await cluster.server('api-1')
    await accept(api, [like('ann', 'carol', 'p1')])
    await api.settle()
    const readable = encodeLogValue({ kind: 'group_deleted', user: 'carol', groupId: 'no-such-group' })
    await produce(cluster, [
      { key: 'carol', value: Buffer.from('this is no record') },
      { key: 'carol', value: Buffer.concat([readable, Buffer.of(0)]) },
      { key: '', value: Buffer.alloc(0) },
      { key: 'somebody else', value: Buffer.from(readable) },
      { key: 'carol', value: Buffer.alloc(200_000, 0xc3) },
    ])
    await accept(api, [like('ben', 'carol', 'p1')])
    await api.settle()
    const [group] = (await page(api, 'carol')).activity_groups
    assert.deepEqual([group?.object_id, group?.actor_count], ['p1', 2])
    const metrics = String((await (await cluster.server('worker-1')).request('GET', '/metrics')).body)
    assert.match(metrics, /^headwater_records_parked_total 5$/m)

    const listed = await headwater(cluster, 'parked', 'list', '--json')
    assert.equal(listed.code, 0, listed.errors)
    const records = JSON.parse(listed.text) as { user: string; reason: string; bytes: string }[]
    assert.deepEqual(records.map(({ user }) => user).toSorted(), ['', 'carol', 'carol', 'carol', 'somebody else'])
    for (const { reason } of records) assert.ok(reason.length > 0)
    const first = records.find(({ bytes }) => Buffer.from(bytes, 'base64').toString() === 'this is no record')
    assert.match(first?.reason ?? '', /does not begin with/)

    const replayed = await headwater(cluster, 'parked', 'replay')
    assert.deepEqual([replayed.code, replayed.text.trim()], [1, 'Appended 0 records to the log again.'])
    assert.match(replayed.errors, /5 records cannot be read/)
    const verified = await headwater(cluster, 'verify')
    assert.equal(verified.code, 0, verified.text)
  })
})

interface Sent {
  readonly key: string
  readonly value: Buffer
}

/** As another program would write into the topic, into the partition of one user. */
async function produce(cluster: TestCluster, records: readonly Sent[]): Promise<void> {
  const { kafka } = cluster.config()
  const topic = `${cluster.namespace}.activity`
  const partition = await cluster.log.partitionOf('carol')
  const producer = new Producer({ clientId: 'test', bootstrapBrokers: [...kafka.brokers] })
  try {
    await producer.send({
      acks: -1,
      messages: records.map(({ key, value }) => ({ topic, partition, key: Buffer.from(key), value })),
    })
  } finally {
    await producer.close()
  }
}

async function headwater(cluster: TestCluster, ...args: readonly string[]) {
  const { command, environment, cwd } = cluster.tool(args)
  const child = spawn(process.execPath, command, { env: environment, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let [text, errors] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    errors += piece
  })
  const [code] = await once(child, 'close')
  return { code: code as number, text, errors }
}
