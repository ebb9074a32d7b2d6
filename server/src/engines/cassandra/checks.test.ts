import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClusterFacts, fewestReplicas, judge } from './checks.ts'

const node = { address: '10.0.0.1:9042', version: '5.0.9', commitLogSync: 'batch', paxosVariant: 'v2' }
const safe: ClusterFacts = { nodes: [node, { ...node, address: '10.0.0.2:9042' }], replicas: 3, fence: 'lwt' }

test('a cluster that keeps what it acknowledges is taken as it is', () => {
  assert.deepEqual(judge(safe), { refusals: [], warnings: [] })
  assert.deepEqual(judge({ ...safe, nodes: [{ ...node, commitLogSync: 'group' }], replicas: 3 }).refusals, [])
})

test('a commit log that is synced now and then is refused where no other copy has what is lost', () => {
  const nodes = [node, { ...node, address: '10.0.0.2:9042', commitLogSync: 'periodic' }]
  for (const replicas of [1, 2]) {
    const { refusals } = judge({ ...safe, nodes, replicas })
    assert.equal(refusals.length, 1)
    assert.match(refusals[0] ?? '', /10\.0\.0\.2:9042 has commitlog_sync: periodic/)
  }
  const { refusals, warnings } = judge({ ...safe, nodes })
  assert.deepEqual(refusals, [])
  assert.match(warnings.join(), /periodic/)
})

test('conditional writes need a Paxos whose contenders do not stop each other', () => {
  const nodes = [{ ...node, paxosVariant: 'v1' }]
  assert.match(judge({ ...safe, nodes }).refusals.join(), /paxos_variant: v1/)
  assert.deepEqual(judge({ ...safe, nodes, fence: 'stamp' }).refusals, [])
})

test('a version that is too old is refused', () => {
  const refused = (version: string) => judge({ ...safe, nodes: [{ ...node, version }] }).refusals.length > 0
  for (const version of ['3.11.19', '4.0.17', '4.0']) assert(refused(version), version)
  for (const version of ['4.1.0', '4.1-beta1', '5.0.9', '10.0']) assert(!refused(version), version)
})

test('few copies are told of', () => {
  assert.match(judge({ ...safe, replicas: 1 }).warnings.join(), /one copy/)
  assert.match(judge({ ...safe, replicas: 2 }).warnings.join(), /two copies/)
})

test('the data centre with the fewest copies counts', () => {
  const strategy = { class: 'org.apache.cassandra.locator.NetworkTopologyStrategy' }
  assert.equal(fewestReplicas({ ...strategy, one: '3', two: '1' }), 1)
  assert.equal(fewestReplicas({ ...strategy, one: '3' }), 3)
  assert.equal(fewestReplicas({ class: 'org.apache.cassandra.locator.LocalStrategy' }), 1)
})
