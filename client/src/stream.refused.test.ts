import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HeadwaterError } from './error.ts'
import { setupActivities } from './testing/activities-setup.ts'
import { problem } from './testing/fake-server.ts'
import { here, link, type Sse, setupStream } from './testing/stream-setup.ts'

test('an introduction that is refused ends it, with the reason, whatever tokens there are', async () => {
  for (const token of ['t', () => 't']) {
    for (const code of ['user_required', 'bad_frame', 'forbidden']) {
      const { world, sockets, stream, state, lastError } = setupStream({ token })
      stream.start(here)
      await world.run(0)
      sockets.last.accept()
      sockets.last.push({ type: 'error', code, detail: 'because of device_id' })
      assert.deepEqual(state(), { connection: 'offline', error: code })
      assert.match(lastError()?.detail ?? '', code === 'user_required' ? /`userId`/ : /device_id/)
      world.page('online')
      world.page('visible')
      await world.run(3_600_000)
      assert.equal(sockets.all.length, 1)
    }
  }
})

test('an error frame that is no refusal, or comes later, ends nothing', async () => {
  const { world, sockets, stream, online, state } = setupStream()
  stream.start(here)
  await world.run(0)
  sockets.last.accept()
  sockets.last.push({ type: 'error', code: 'rate_limited', detail: 'x' })
  sockets.last.push({ type: 'error', code: 'shiny', detail: 'x' })
  await online()
  sockets.last.push({ type: 'error', code: 'bad_frame', detail: 'x' })
  assert.deepEqual(state(), { connection: 'online', error: null })
})

test('server-sent events that are refused for good end it, with a token function as well', async () => {
  const { world, sse, stream, state } = setupStream({ sockets: false, token: () => 't' })
  stream.start(here)
  await world.run(0)
  const [first] = sse as [Sse]
  first.handlers.ended({ error: new HeadwaterError('user_required'), fatal: true, permanent: true, answered: true })
  await world.run(3_600_000)
  assert.deepEqual([sse.length, state()], [1, { connection: 'offline', error: 'user_required' }])
})

test('a token function that says that asking again is no use is not asked again', async () => {
  let count = 0
  const { world, stream, state } = setupStream({
    token: () => {
      count++
      throw new HeadwaterError('invalid_request', { status: 400 })
    },
  })
  stream.start(here)
  await world.run(3_600_000)
  assert.deepEqual([count, state()], [1, { connection: 'offline', error: 'token_unavailable' }])
})

test('an API key that is refused, or has no user, ends as an error that names it', async () => {
  for (const { options, status, code, detail } of [
    { options: { apiKey: 'k' }, status: 400, code: 'user_required', detail: /`userId`/ },
    { options: { apiKey: 'k', userId: 'carol' }, status: 401, code: 'unauthenticated', detail: /unauthenticated/ },
  ]) {
    const { world, server, connect, state } = setupActivities({ token: undefined, ...options })
    server.intercept = () => problem(status, code)
    await connect()
    await world.run(3_600_000)
    const { status: shown, connection, error } = state()
    assert.deepEqual([shown, connection, error?.code], ['error', 'offline', code])
    assert.match(error?.detail ?? '', detail)
    assert.ok(server.requests.length <= 3, `${server.requests.length} requests`)
    assert.equal(world.timers, 0)
  }
})

test('its own frames never come near the bound of the server, whatever comes and however the page flickers', async () => {
  const act = fc.oneof(
    fc.record({ wait: fc.integer({ min: 1, max: 900 }) }),
    fc.record({ frames: fc.integer({ min: 1, max: 300 }) }),
    fc.record({ page: fc.constantFrom('online' as const, 'visible' as const, 'hidden' as const) }),
    fc.record({ flicker: fc.integer({ min: 1, max: 200 }) }),
  )
  const run = fc.asyncProperty(fc.array(act, { maxLength: 60 }), async (acts) => {
    const { world, sockets, online, stream } = setupStream()
    const sentAt: number[] = []
    await online()
    let seq = 5
    sockets.last.onSent = (frame) => {
      sentAt.push(world.elapsed)
      if (frame.type === 'ping') world.seams.scheduler.after(50, () => sockets.last.push({ type: 'pong' }))
    }
    for (const one of acts) {
      if ('wait' in one) await world.run(one.wait)
      if ('page' in one) world.page(one.page)
      if ('frames' in one) for (let n = 0; n < one.frames; n++) sockets.last.push(link(seq, ++seq))
      if ('flicker' in one) {
        for (let n = 0; n < one.flicker; n++) {
          world.page('hidden')
          world.page('visible')
          await world.run(1)
        }
      }
    }
    stream.stop()
    // 50 a second after a burst of 100 is what the server takes.
    for (const from of sentAt) {
      const inASecond = sentAt.filter((at) => at >= from && at < from + 1_000).length
      assert.ok(inASecond <= 5, `${inASecond} frames within a second`)
    }
  })
  await fc.assert(run, { numRuns: 30 })
})
