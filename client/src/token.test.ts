import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeadwaterError } from './error.ts'
import { VirtualWorld } from './testing/virtual.ts'
import { createTokenSource } from './token.ts'

const { seams } = new VirtualWorld()
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'fine',
    (error: unknown) => HeadwaterError.is(error) && error.code,
  )

test('a plain token is always the same', async () => {
  const source = createTokenSource('t', seams)
  source.refused('t')
  assert.equal(await source.get(), 't')
  assert.equal(source.renewable, false)
})

test('white space around a token is no part of it: a header loses it, and a frame would not', async () => {
  assert.equal(await createTokenSource('t\n', seams).get(), 't')
  const source = createTokenSource(() => ' t\r\n', seams)
  assert.equal(await source.get(), 't')
  assert.equal(await codeOf(createTokenSource(() => '\n', seams).get()), 'token_unavailable')
})

test('without a token it says so, and that a server may have left its key unset', async () => {
  await assert.rejects(createTokenSource(undefined, seams).get(), { code: 'no_token', detail: /`apiKey` that is set/ })
})

test('a function is called once, by many at a time, and again when its token was refused', async () => {
  let calls = 0
  const source = createTokenSource(async () => `t${++calls}`, seams)
  assert.deepEqual(await Promise.all([source.get(), source.get()]), ['t1', 't1'])
  assert.equal(await source.get(), 't1')
  source.refused('t1')
  assert.equal(await source.get(), 't2')
})

test('refusing a token that was replaced long ago changes nothing', async () => {
  let calls = 0
  const source = createTokenSource(() => `t${++calls}`, seams)
  await source.get()
  source.refused('t1')
  await source.get()
  source.refused('t1')
  assert.equal(await source.get(), 't2')
})

test('a function that fails is asked again the next time', async () => {
  const answers = [() => Promise.reject(new Error('no session')), () => '', () => 't']
  const source = createTokenSource(() => (answers.shift() as () => string)(), seams)
  assert.equal(await codeOf(source.get()), 'token_unavailable')
  assert.equal(await codeOf(source.get()), 'token_unavailable')
  assert.equal(await source.get(), 't')
})

test('a function that fails with an error of this package says whether to ask again', async () => {
  for (const retryable of [true, false]) {
    const cause = new HeadwaterError('whatever', { status: 400, retryable, detail: 'because' })
    const error = await createTokenSource(() => Promise.reject(cause), seams)
      .get()
      .catch((thrown: unknown) => thrown)
    assert.ok(HeadwaterError.is(error))
    assert.deepEqual([error.code, error.status, error.retryable], ['token_unavailable', 400, retryable])
    assert.match(error.detail, /because/)
  }
})

test('a function that never answers is given up', async () => {
  const world = new VirtualWorld()
  const pending = codeOf(createTokenSource(() => new Promise<string>(() => {}), world.seams).get())
  await world.run(30_000)
  assert.equal(await pending, 'token_unavailable')
  assert.equal(world.timers, 0)
})
