// Sockets that come and go: nobody misses anything, nobody hears anything twice, and old news never wins.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventInput, StreamPosition } from '@headwater/protocol'
import { seededRandom } from '../../src/lib/virtual-seams.ts'
import { startHeadwater, type TestServer } from '../../src/testing.ts'
import { accept, like, mark, page, send, unlike, walk } from './testing/calls.ts'
import { openSocket, type TestSocket } from './testing/socket.ts'
import { View } from './testing/view.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

for (const [name, awayMs] of [
  ['a second', 1_000],
  ['a minute', minuteMs],
  ['an hour', hourMs],
  ['two days', 2 * dayMs],
] as const) {
  test(`Missed events after a disconnect: away for ${name}, and all of it comes once`, async () => {
    await using server = await startHeadwater()
    await send(server, like('ann', 'carol', 'old'), like('ann', 'carol', 'grows'), like('ann', 'carol', 'goes'))
    const { view, position } = await watchThenLeave(server)
    await server.advance(awayMs / 2)
    await send(server, like('ben', 'carol', 'grows'), like('ben', 'carol', 'comes'), unlike('ann', 'carol', 'goes'))
    await mark(server, 'carol', 'read', { group_ids: [idOf(view, 'old')] })
    await server.advance(awayMs / 2)
    await send(server, like('cy', 'carol', 'grows'))

    using socket = await openSocket(server, 'carol', { resume: position })
    await socket.reached((await page(server, 'carol')).seq)
    assert.equal(
      socket.frames.some((frame) => frame.type === 'reset'),
      false,
    )
    assert.deepEqual([socket.hello?.from_seq, socket.hello?.seq], [position.seq, socket.seq])
    const told = socket.chain.map((frame) => frame.group?.group_id ?? frame.group_id ?? frame.type)
    assert.equal(new Set(told).size, told.length, 'no group twice')
    view.follow(socket)
    await view.assertIsTheServers(server, 'carol')

    await send(server, like('dan', 'carol', 'live'))
    await socket.reached((await page(server, 'carol')).seq)
    assert.equal(socket.chain.at(-1)?.type, 'activity_group_created')
  })
}

test('Missed events after a disconnect: what is beyond what is kept is a reset, and never a part of it', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'old'))
  const { view, position } = await watchThenLeave(server)
  await send(server, ...Array.from({ length: 501 }, (_, i) => like('ann', 'carol', `p${i}`)))

  using socket = await openSocket(server, 'carol', { resume: position })
  const reset = await socket.next('reset')
  assert.deepEqual([reset.reason, socket.hello?.from_seq], ['too_far_behind', socket.hello?.seq])
  assert.deepEqual(socket.chain, [], 'nothing of it was told')
  await view.load(server, 'carol')
  await send(server, like('ben', 'carol', 'live'))
  await socket.reached((await page(server, 'carol')).seq)
  view.follow(socket)
  await view.assertIsTheServers(server, 'carol')
})

test('Missed events after a disconnect: five hundred changes are the most that is told, and they are all told', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'old'))
  const { view, position } = await watchThenLeave(server)
  await send(server, ...Array.from({ length: 500 }, (_, i) => like('ann', 'carol', `p${i}`)))
  using socket = await openSocket(server, 'carol', { resume: position })
  await socket.reached((await page(server, 'carol')).seq)
  view.follow(socket)
  assert.equal(view.created.length, 500)
  await view.assertIsTheServers(server, 'carol')
})

test('Duplicates on reconnect or in several tabs: five tabs that come and go show each thing once', async () => {
  await using server = await startHeadwater({ config: { 'activity.flushMs': 0 } })
  const random = seededRandom(30)
  const pick = (count: number): number => Math.floor(random.next() * count)
  const token = await server.token('carol')
  const tabs: Tab[] = []
  for (let i = 0; i < 5; i++) tabs.push({ view: new View(), socket: null, taken: 0, position: null })
  for (let round = 0; round < 60; round++) {
    for (const tab of tabs) {
      if (random.next() < 0.3) await leave(tab)
      if (!tab.socket && random.next() < 0.7) await join(server, tab, token)
    }
    await accept(
      server,
      Array.from({ length: 1 + pick(6) }, () => chance()),
    )
    for (const tab of tabs) {
      if (random.next() > 0.2) continue
      await leave(tab)
      await join(server, tab, token)
    }
    if (random.next() < 0.2) await mark(server, 'carol', random.next() < 0.5 ? 'read' : 'seen', { all: true })
    await server.advance(pick(3) * 500)
    await server.settle()
    const { seq } = await page(server, 'carol')
    for (const tab of tabs) {
      await tab.socket?.reached(seq)
      take(tab)
    }
  }
  for (const tab of tabs) {
    if (!tab.socket) await join(server, tab, token)
    await tab.socket?.reached((await page(server, 'carol')).seq)
    take(tab)
    await tab.view.assertIsTheServers(server, 'carol')
    assert.equal(new Set(tab.view.created).size, tab.view.created.length, 'no group is new twice')
    tab.socket?.[Symbol.dispose]()
  }

  /** Groups are never taken away here, so that each can be new once alone. */
  function chance(): EventInput {
    return like(`actor-${pick(30)}`, 'carol', `p${pick(40)}`)
  }
})

test('Late socket frame overwrites newer state: frames in any order, and repeated, end in the same list', async () => {
  await using server = await startHeadwater({ config: { 'activity.flushMs': 0 } })
  const random = seededRandom(31)
  const view = new View()
  const from = await view.load(server, 'carol')
  using socket = await openSocket(server, 'carol', {
    resume: { epoch: (await page(server, 'carol')).epoch, seq: from },
  })
  for (let i = 0; i < 80; i++) {
    const object = `p${Math.floor(random.next() * 6)}`
    const actor = `actor-${Math.floor(random.next() * 5)}`
    await server.advance(1)
    await send(server, random.next() < 0.4 ? unlike(actor, 'carol', object) : like(actor, 'carol', object))
  }
  await socket.reached((await page(server, 'carol')).seq)
  const seqs = socket.chain.map((frame) => frame.seq)
  assert.ok(seqs.length > 40)
  for (const frame of socket.chain)
    if (frame.group) assert.equal(frame.group.seq, frame.seq, 'a group carries its version')
  for (let run = 0; run < 20; run++) {
    const shuffled = new View()
    const frames = [...socket.chain, ...socket.chain.slice(0, 20)]
    for (let i = frames.length - 1; i > 0; i--) {
      const j = Math.floor(random.next() * (i + 1))
      ;[frames[i], frames[j]] = [frames[j]!, frames[i]!]
    }
    for (const frame of frames) shuffled.take(frame)
    await shuffled.assertIsTheServers(server, 'carol', `run ${run}`)
  }
})

test('The pushed group has the shape of the fetched one', async () => {
  await using server = await startHeadwater()
  await server.request('PUT', '/v1/users/ann', { body: { name: 'Ann', avatar_url: 'https://example.org/ann.png' } })
  using socket = await openSocket(server, 'carol')
  await send(server, like('ann', 'carol', 'p1', { metadata: { preview: 'A view', nested: { deep: [1, null] } } }))
  const frame = await socket.next('activity_group_created')
  const [listed] = await walk(server, 'carol')
  const single = await server.request('GET', `/v1/activities/${listed?.group_id}`, { user: 'carol' })
  assert.deepEqual(frame.group, listed)
  assert.deepEqual(single.body.activity_group, listed)
})

interface Tab {
  readonly view: View
  socket: TestSocket | null
  /** How many frames of the socket the view has. */
  taken: number
  position: StreamPosition | null
}

async function join(server: TestServer, tab: Tab, token: string): Promise<void> {
  if (!tab.position) {
    const { epoch } = await page(server, 'carol')
    tab.position = { epoch, seq: await tab.view.load(server, 'carol') }
  }
  tab.socket = await openSocket(server, 'carol', { token, resume: tab.position })
  tab.taken = 0
}

/** Hangs up in the middle of whatever is under way; what has come by then is kept. */
async function leave(tab: Tab): Promise<void> {
  if (!tab.socket) return
  await tab.socket.hangUp()
  take(tab)
  tab.position = tab.socket.position
  tab.socket = null
}

function take(tab: Tab): void {
  if (tab.socket) tab.taken = tab.view.follow(tab.socket, tab.taken)
}

/** A client that has all there is, and goes away. */
async function watchThenLeave(server: TestServer): Promise<{ view: View; position: StreamPosition }> {
  const view = new View()
  const seq = await view.load(server, 'carol')
  const socket = await openSocket(server, 'carol', { resume: { epoch: (await page(server, 'carol')).epoch, seq } })
  await socket.roundTrip()
  await socket.hangUp()
  return { view, position: socket.position }
}

function idOf(view: View, object: string): string {
  for (const held of view.groups.values()) if (held.object_id === object) return held.group_id
  throw new Error(`no group about ${object}`)
}

test('a client that reads gets a thousand groups of one request, acknowledges each, and stays', async () => {
  await using server = await startHeadwater()
  using socket = await openSocket(server, 'busy', { deviceId: 'phone' })
  socket.ws.on('message', (data) => {
    const { seq } = JSON.parse(String(data))
    if (seq !== undefined) socket.say({ type: 'ack', seq })
  })
  const metadata = { preview: 'x'.repeat(2_000) }
  await send(server, ...Array.from({ length: 1_000 }, (_, i) => ({ ...like('ann', 'busy', `p${i}`), metadata })))
  await socket.until('all groups', () => socket.chain.length === 1_000)
  await server.advance(5_000)
  await socket.roundTrip()
  assert.deepEqual(
    socket.frames.filter(({ type }) => type === 'error'),
    [],
  )
})
