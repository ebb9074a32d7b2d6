// A server that is stopped and started again on its folder: nobody can tell, and nothing has to be read anew.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../src/lib/virtual-seams.ts'
import { accept, allActors, like, mark, page, send, unlike, walk } from './testing/calls.ts'
import { Disk } from './testing/on-disk.ts'
import { openSocket } from './testing/socket.ts'
import { View } from './testing/view.ts'

test('lists, badges, members, cursors, tokens, retries and positions are the same after a restart', async () => {
  await using disk = await Disk.make()
  const first = await disk.start()
  await first.request('PUT', '/v1/users/ann', { body: { name: 'Ann' } })
  await send(
    first,
    ...Array.from({ length: 40 }, (_, i) => like('ann', 'carol', `p${i % 30}`, { created_at: first.now() - i })),
  )
  await send(
    first,
    ...Array.from({ length: 15 }, (_, i) => like(`actor-${i}`, 'carol', 'p0', { created_at: first.now() - i })),
  )
  const [some] = await walk(first, 'carol')
  await mark(first, 'carol', 'read', { group_ids: [some?.group_id ?? ''] })
  await mark(first, 'carol', 'seen', { all: true })
  await first.request('DELETE', '/v1/objects/POST/p7')
  const [token, revoked] = [await first.token('carol'), await first.token('dora')]
  await first.request('POST', '/v1/tokens/revoke', { body: { user_id: 'dora' } })
  const retry = { body: like('ben', 'carol', 'p1'), headers: { 'idempotency-key': 'again' } }
  const answered = await first.request('POST', '/v1/events', retry)
  await first.settle()
  const before = await page(first, 'carol', '?limit=9')
  const actors = await allActors(first, 'carol', some?.group_id ?? '', 4)
  const socket = await openSocket(first, 'carol', { deviceId: 'phone' })
  await socket.reached(before.seq)
  socket.say({ type: 'ack', seq: before.seq })
  await socket.roundTrip()
  await first.close()

  await using second = await disk.start()
  assert.deepEqual(await page(second, 'carol', '?limit=9'), before)
  assert.deepEqual(await allActors(second, 'carol', some?.group_id ?? '', 4), actors)
  const next = await page(second, 'carol', `?limit=9&cursor=${before.next_cursor}`)
  assert.equal(next.activity_groups.length, 9)
  assert.equal((await second.request('GET', '/v1/activities', { token })).status, 200)
  assert.equal((await second.request('GET', '/v1/activities', { token: revoked })).status, 401)
  const repeated = await second.request('POST', '/v1/events', retry)
  assert.deepEqual([repeated.body, repeated.headers.get('idempotency-replayed')], [answered.body, 'true'])
  using again = await openSocket(second, 'carol', { deviceId: 'phone' })
  assert.deepEqual([again.hello?.from_seq, again.hello?.seq], [before.seq, before.seq])
  await second.advance(1_000)
  await send(second, like('cy', 'carol', 'p1'))
  await again.reached(before.seq + 1)
  assert.equal(again.chain[0]?.type, 'activity_group_updated')
})

test('what was accepted before the stop is folded after the start, and clients resume over it', async () => {
  await using disk = await Disk.make()
  const random = seededRandom(9)
  const view = new View()
  let position = { epoch: '', seq: 0 }
  for (let life = 0; life < 4; life++) {
    const server = await disk.start()
    if (life === 0) position = { epoch: (await page(server, 'carol')).epoch, seq: await view.load(server, 'carol') }
    const socket = await openSocket(server, 'carol', { resume: position })
    await send(server, ...Array.from({ length: 30 }, () => chance(server.now())))
    await server.advance(1_000)
    await mark(server, 'carol', random.next() < 0.5 ? 'read' : 'seen', { all: true })
    await server.settle()
    await socket.reached((await page(server, 'carol')).seq)
    view.follow(socket)
    await view.assertIsTheServers(server, 'carol', `life ${life}`)
    await accept(
      server,
      Array.from({ length: 20 }, () => chance(server.now())),
    )
    await socket.hangUp()
    view.follow(socket)
    position = socket.position
    await server.close()
  }
  await using last = await disk.start()
  await last.settle()
  using socket = await openSocket(last, 'carol', { resume: position })
  await socket.reached((await page(last, 'carol')).seq)
  assert.equal(
    socket.frames.some((frame) => frame.type === 'reset'),
    false,
  )
  view.follow(socket)
  await view.assertIsTheServers(last, 'carol')

  function chance(at: number) {
    const actor = `actor-${Math.floor(random.next() * 6)}`
    const object = `p${Math.floor(random.next() * 8)}`
    return (random.next() < 0.3 ? unlike : like)(actor, 'carol', object, {
      created_at: at + Math.floor(random.next() * 1_000),
    })
  }
})
