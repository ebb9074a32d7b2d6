import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { costsWith, shippedCosts } from './costs.ts'
import { partitionsFor } from './engines.ts'
import { type PlanInputs, planDefaults } from './inputs.ts'
import { loadOf } from './load.ts'
import { type CapacityPlan, planCapacity } from './plan.ts'
import { size, usableShare } from './size.ts'

const design: PlanInputs = { ...planDefaults, dau: 200e6, eventsPerS: 500_000, sockets: 10e6 }
const planOf = (changes: Partial<PlanInputs>): CapacityPlan => planCapacity({ ...design, ...changes }, shippedCosts)
const part = (plan: CapacityPlan, name: string) => {
  const found = plan.parts.find((one) => one.name === name)
  assert.ok(found, name)
  return found
}

const loads = fc.record({
  dau: fc.integer({ min: 1, max: 1e9 }),
  eventsPerS: fc.integer({ min: 1, max: 2_000_000 }),
  sockets: fc.integer({ min: 0, max: 50_000_000 }),
  viralShare: fc.double({ min: 0, max: 1, noNaN: true }),
  utilisation: fc.double({ min: 0.05, max: 0.95, noNaN: true }),
  zones: fc.constantFrom(1, 2, 3, 5),
  fence: fc.constantFrom('lwt' as const, 'stamp' as const),
})

test('the same inputs give the same plan', () => {
  fc.assert(fc.property(loads, (load) => assert.deepEqual(planOf(load), planOf(load))))
})

test('more users, events or sockets never need fewer nodes of any part', () => {
  const more = fc.record({
    key: fc.constantFrom('dau', 'eventsPerS', 'sockets'),
    // Whole, so that users and sockets grow by exactly the same: a rounded share of users online may fall.
    factor: fc.integer({ min: 1, max: 20 }),
  })
  fc.assert(
    fc.property(loads, more, (load, { key, factor }) => {
      const name = key as 'dau' | 'eventsPerS' | 'sockets'
      const small = planOf(load)
      // More users with as many sockets means fewer of them online, so sockets grow along.
      const grown = { ...load, [name]: Math.ceil(load[name] * factor) }
      if (name === 'dau') grown.sockets = Math.ceil(load.sockets * factor)
      const large = planOf(grown)
      for (const { name: of, nodes } of small.parts) assert.ok(part(large, of).nodes >= nodes, `${of}: ${nodes}`)
    }),
  )
})

test('one process is enough up to its core, its sockets and its disk', () => {
  const small = { dau: 10_000, eventsPerS: 20, sockets: 1_000 }
  const isEnough = (changes: Partial<PlanInputs>) => planOf({ ...small, ...changes }).embedded.isEnough
  assert.ok(isEnough({}))
  for (const changes of [
    { eventsPerS: 20_000, logDays: 1, groupDays: 1 },
    { sockets: 50_001 },
    { dau: 2e6 },
    { eventsPerS: 1_000 },
  ])
    assert.equal(isEnough(changes), false, JSON.stringify(changes))
})

test('ten times the load is ten times the nodes, but for rounding up to whole zones', () => {
  const once = planOf({})
  const tenfold = planOf({ dau: 2_000e6, eventsPerS: 5_000_000, sockets: 100e6 })
  for (const { name, nodes, shape, networkMBps } of once.parts) {
    const large = part(tenfold, name)
    const steps = 2 * design.zones
    assert.ok(large.nodes <= 10 * nodes && large.nodes > 10 * (nodes - steps), `${name}: ${nodes} → ${large.nodes}`)
    assert.ok(Math.abs(large.networkMBps / networkMBps - 10) < 1e-6, name)
    assert.deepEqual(large.shape, shape)
  }
})

test('with a zone lost every part still has CPU left, and gateways hold the sockets of the lost one', () => {
  fc.assert(
    fc.property(loads, (load) => {
      const plan = planOf({ ...load, zones: 3 })
      for (const { name, utilisationZoneLost, nodes } of plan.parts) {
        assert.ok(utilisationZoneLost <= 0.95, `${name}: ${utilisationZoneLost}`)
        assert.equal(nodes % 3, 0, name)
      }
      const gateways = part(plan, 'gateway').nodes
      assert.ok(load.sockets / ((gateways * 2) / 3) <= plan.inputs.socketsPerGateway + 1e-6)
    }),
  )
})

describe('an example by hand: 1,000 events/s, no viral posts, no sockets, nobody reads', () => {
  const inputs: PlanInputs = {
    ...design,
    dau: 0,
    eventsPerS: 1_000,
    sockets: 0,
    viralShare: 0,
    peakToMean: 1,
    zones: 1,
    utilisation: 0.5,
    logDays: 1,
  }
  const plan = planCapacity(inputs, shippedCosts)

  test('each event is a flush', () => assert.equal(plan.load.flushesPerS, 1_000))
  test('a day of records of 200 bytes in three copies', () => {
    assert.ok(Math.abs(part(plan, 'kafka').diskTB - (1_000 * 86_400 * 200 * 3) / 1e12) < 1e-12)
  })
  test('a worker spends 18 µs an event and 286 µs a flush', () => {
    const { nodes, utilisation } = part(plan, 'worker')
    assert.equal(nodes, 2)
    assert.ok(Math.abs(utilisation * nodes - 1_000 * 304e-6) < 1e-12)
  })
  test('Cassandra spends one conditional write and two plain ones a flush', () => {
    const { nodes, utilisation } = part(plan, 'cassandra')
    assert.ok(Math.abs(utilisation * nodes * 16 - 1_000 * 3_820e-6) < 1e-9)
  })
  test('members are kept for retention and a week', () => {
    assert.equal(plan.load.membersKept, 1_000 * 86_400 * 97)
  })
})

test('the design target: what it needs', () => {
  const plan = planOf({})
  assert.deepEqual(
    plan.parts.map(({ name, nodes, limitedBy }) => [name, nodes, limitedBy]),
    [
      ['api', 45, 'CPU'],
      ['gateway', 300, 'sockets'],
      ['worker', 96, 'CPU'],
      ['kafka', 27, 'disk'],
      ['cassandra', 105, 'disk'],
      ['redis', 66, 'memory'],
      ['postgres', 3, 'copies'],
    ],
  )
})

test('a cheaper fence costs Cassandra less, viral posts cost fewer writes', () => {
  assert.ok(part(planOf({ fence: 'stamp' }), 'cassandra').utilisation < part(planOf({}), 'cassandra').utilisation)
  const even = loadOf({ ...design, viralShare: 0 })
  const viral = loadOf({ ...design, viralShare: 1 })
  assert.equal(even.flushesPerS, 500_000)
  assert.equal(viral.flushesPerS, 20_000)
})

test('partitions: 512, or four for each worker and a power of two', () => {
  assert.deepEqual([0, 1, 128, 129, 300].map(partitionsFor), [512, 512, 512, 1_024, 2_048])
})

test('three zones leave two thirds of 90 %, whatever is asked for', () => {
  assert.ok(Math.abs(usableShare({ utilisation: 0.9, zones: 3 }) - 0.6) < 1e-12)
  assert.equal(usableShare({ utilisation: 0.4, zones: 3 }), 0.4)
  assert.equal(usableShare({ utilisation: 0.9, zones: 1 }), 0.9)
})

test('one zone has one node more than needed', () => {
  const shape = { cores: 2, workingCores: 1, memoryGiB: 1, diskTB: 0 }
  const one = { utilisation: 0.5, zones: 1 }
  assert.equal(size('x', shape, { cpu: 2, atLeast: {}, networkMBps: 0 }, one).nodes, 5)
  assert.equal(size('x', shape, { cpu: 0, atLeast: {}, networkMBps: 0 }, one).nodes, 2)
  assert.deepEqual(size('x', shape, { cpu: 2, atLeast: { disk: 9 }, networkMBps: 0 }, one).limitedBy, 'disk')
})

describe('what is worth a warning', () => {
  const warnings = (changes: Partial<PlanInputs>): string => planOf(changes).warnings.join('\n')
  test('estimated unit costs', () => assert.match(warnings({}), /unit costs are estimated/))
  test('fewer copies than zones', () => assert.match(warnings({ replication: 2 }), /2 copies in 3 zones/))
  test('more sockets than users', () => assert.match(warnings({ dau: 10 }), /more sockets than users/))
})

describe('unit costs of a file', () => {
  const cost = { value: 7, basis: 'measured', source: 'here' }
  test('stand in for the shipped ones', () => {
    const costs = costsWith({ 'worker.eventUs': cost })
    assert.deepEqual(costs['worker.eventUs'], cost)
    assert.deepEqual(costs['api.eventUs'], shippedCosts['api.eventUs'])
  })
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [[], /JSON object/],
    [{ 'worker.evntUs': cost }, /there is no unit cost worker\.evntUs/],
    [{ 'worker.eventUs': { ...cost, value: 0 } }, /worker\.eventUs\.value: expected a number above 0/],
    [{ 'worker.eventUs': { ...cost, value: '7' } }, /not "7"/],
    [{ 'worker.eventUs': { ...cost, basis: 'guessed' } }, /measured or estimated/],
    [{ 'worker.eventUs': { ...cost, source: '' } }, /source/],
    [{ 'worker.eventUs': 7 }, /value/],
  ]
  for (const [content, reason] of wrong) {
    test(`refused: ${JSON.stringify(content)}`, () => assert.throws(() => costsWith(content), reason))
  }
  test('the shipped ones pass the same check', () => assert.deepEqual(costsWith(shippedCosts), shippedCosts))
})
