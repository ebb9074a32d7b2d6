import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineSuite, type Harness, promisesOf, runCase, runSuite } from './frame.ts'

interface Port extends AsyncDisposable {
  readonly namespace: string
  sleep(ms: number): Promise<void>
}

const closed: string[] = []
const dropped: string[] = []
const harness: Harness<Port> = {
  engine: 'nothing',
  open: async (namespace, seams) => ({
    namespace,
    sleep: (ms) => seams.scheduler.sleep(ms),
    [Symbol.asyncDispose]: async () => void closed.push(namespace),
  }),
  drop: async (namespace) => void dropped.push(namespace),
}

test('each case has a namespace of its own, opened as often as it likes, closed and dropped at the end', async () => {
  const namespaces = new Set<string>()
  for (let i = 0; i < 2; i++) {
    await runCase(async (t) => {
      const [one, two] = [await t.open(), await t.open()]
      assert.equal((await t.reopen(one)).namespace, two.namespace)
      assert.match(one.namespace, /^[a-z][a-z0-9_]{0,39}$/)
      namespaces.add(one.namespace)
    }, harness)
  }
  assert.equal(namespaces.size, 2)
  for (const namespace of namespaces) {
    assert.equal(closed.filter((each) => each === namespace).length, 3)
    assert(dropped.includes(namespace))
  }
})

test('a port call that waits for a timer comes back', async () => {
  await runCase(async (t) => {
    const started = t.seams.clock.monotonic()
    await (await t.open()).sleep(1_000)
    assert.equal(t.seams.clock.monotonic() - started, 1_000)
  }, harness)
})

test('a broken promise, a condition that never comes true and an accident that cannot be had are failures', async () => {
  const broken = runCase(async () => assert.fail('broken'), harness)
  await assert.rejects(broken, /broken/)
  const inVain = runCase(async (t) => {
    await t.eventually('a miracle', async () => false)
  }, harness)
  await assert.rejects(inVain, /waited in vain: a miracle/)
  await assert.rejects(
    runCase((t) => t.disturb('loseLog'), harness),
    /loseLog/,
  )
})

test('only cases that exist can be listed as unable', () => {
  const suite = defineSuite<Port>('nothing', { promises: { 'It is kept.': async () => {} }, model: async () => {} })
  assert.deepEqual(promisesOf(suite), ['It is kept.'])
  assert.throws(
    () => runSuite(suite, harness, { unable: { 'It is not kept.': 'no' } }),
    /no case named "It is not kept\."/,
  )
})
