// What can be said of the services without starting them: ports, and the texts that their settings are.
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { nodeConfig } from '../../../scripts/services/cassandra.ts'
import { freePorts, isFree } from '../../../scripts/services/free-ports.ts'
import { brokerConfig } from '../../../scripts/services/kafka.ts'

describe('free ports', () => {
  test('are distinct, free, and below those of outgoing connections', async () => {
    const ports = await freePorts(50)
    assert.equal(new Set(ports).size, 50)
    for (const port of ports) assert.ok(port >= 12_000 && port < 32_768, String(port))
    assert.deepEqual(await Promise.all(ports.map((port) => isFree(port, '127.0.0.1'))), Array(50).fill(true))
  })

  test('a port that somebody listens on is not free', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    assert.equal(await isFree(port, '127.0.0.1'), false)
    await new Promise((resolve) => server.close(resolve))
    assert.equal(await isFree(port, '127.0.0.1'), true)
  })
})

describe('the settings of a broker', () => {
  const nodes = [1, 2, 3].map((id) => ({ id, port: 100 + id, controllerPort: 200 + id }))
  const settings = (text: string): Map<string, string> =>
    new Map(text.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))

  test('one node keeps one copy of everything', () => {
    const [node] = nodes as [(typeof nodes)[0]]
    const found = settings(brokerConfig(node, [node], '/data'))
    assert.equal(found.get('offsets.topic.replication.factor'), '1')
    assert.equal(found.get('min.insync.replicas'), '1')
    assert.equal(found.get('controller.quorum.voters'), '1@127.0.0.1:201')
    assert.equal(found.get('log.dirs'), '/data')
  })

  test('of three, two have to have a record', () => {
    const found = settings(brokerConfig(nodes[1]!, nodes, '/data'))
    assert.equal(found.get('node.id'), '2')
    assert.equal(found.get('advertised.listeners'), 'PLAINTEXT://127.0.0.1:102')
    assert.equal(found.get('controller.quorum.voters'), '1@127.0.0.1:201,2@127.0.0.1:202,3@127.0.0.1:203')
    for (const key of ['default', 'offsets.topic', 'transaction.state.log', 'share.coordinator.state.topic']) {
      assert.equal(found.get(`${key}.replication.factor`), '3', key)
    }
    assert.equal(found.get('min.insync.replicas'), '2')
    assert.equal(found.get('transaction.state.log.min.isr'), '2')
  })
})

describe('the settings of a Cassandra node', () => {
  const ring = { port: 9, storagePort: 8, seeds: '127.0.0.12,127.0.0.13' }

  test('acknowledged writes outlive SIGKILL, and conditional writes have one winner', () => {
    const text = nodeConfig('/data', { host: '127.0.0.11' }, ring, '256m')
    assert.match(text, /^commitlog_sync: batch$/m)
    assert.match(text, /^paxos_variant: v2$/m)
    assert.doesNotMatch(text, /initial_token/)
  })

  test('a node of three has its token and knows the others', () => {
    const text = nodeConfig('/data', { host: '127.0.0.12', token: '-5' }, ring, '256m')
    assert.match(text, /^initial_token: "-5"$/m)
    assert.match(text, /^auto_bootstrap: false$/m)
    assert.match(text, /seeds: "127\.0\.0\.12,127\.0\.0\.13"/)
    assert.match(text, /^native_transport_port: 9$/m)
  })
})
