// Whoever comes back at any position gets what changed since: the final state of each thing once, up to where hello said.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ActivityPage, EventInput } from '@headwater/protocol'
import { seededRandom } from '../../src/lib/virtual-seams.ts'
import { insideOf, startHeadwater, type TestServer } from '../../src/testing.ts'
import { like, mark, page, send, unlike } from '../journeys/testing/calls.ts'
import { steps } from '../journeys/testing/lengths.ts'
import { type Frame, openSocket, type TestSocket } from '../journeys/testing/socket.ts'

const changes = steps(150, 60)

for (const { name, watched } of [
  { name: 'from the stores', watched: true },
  { name: 'from the offline queue', watched: false },
]) {
  test(`resuming at each of ${changes} positions gives the rest, ${name}`, async () => {
    await using server = await startHeadwater({ config: { 'activity.flushMs': 0 } })
    const start = await page(server, 'carol')
    const recorded = watched ? await record(server, start) : await recordUnseen(server, start)
    assert.ok(recorded.length >= changes * 0.6, `${recorded.length} changes`)
    const token = await server.token('carol')
    const head = (await page(server, 'carol')).seq
    assert.equal(recorded.at(-1)?.seq, head)
    for (const from of [start.seq, ...recorded.map((frame) => frame.seq)]) {
      using socket = await openSocket(server, 'carol', { token, resume: { epoch: start.epoch, seq: from } })
      assert.equal(
        socket.frames.some((frame) => frame.type === 'reset'),
        false,
        `from ${from}`,
      )
      assert.deepEqual([socket.hello?.from_seq, socket.hello?.seq], [from, head])
      await socket.reached(head)
      assert.deepEqual(socket.chain.map(essence), restAfter(recorded, from), `from ${from}`)
    }
  })
}

/** Lives through the run with a socket open; gives its frames. */
async function record(server: TestServer, start: ActivityPage): Promise<Frame[]> {
  using socket = await openSocket(server, 'carol', { resume: start })
  await live(server)
  await socket.reached((await page(server, 'carol')).seq)
  return socket.chain
}

/** The same run while nobody listens, with one who comes now and then and reports what each visit brought. */
async function recordUnseen(server: TestServer, start: ActivityPage): Promise<Frame[]> {
  const frames: Frame[] = []
  let seq = start.seq
  const visit = async () => {
    const socket: TestSocket = await openSocket(server, 'carol', { resume: { epoch: start.epoch, seq } })
    await socket.reached((await page(server, 'carol')).seq)
    frames.push(...socket.chain)
    seq = socket.seq
    await socket.hangUp()
    await gone(server)
  }
  await live(server, visit)
  return frames
}

/** Changes, one at a time. `between` is called after each. */
async function live(server: TestServer, between: () => Promise<void> = async () => {}): Promise<void> {
  const random = seededRandom(150)
  const pick = (count: number): number => Math.floor(random.next() * count)
  for (let i = 0; i < changes; i++) {
    await server.advance(1)
    const chance = random.next()
    const groups = chance < 0.8 ? [] : (await page(server, 'carol')).activity_groups
    const id = groups[pick(groups.length)]?.group_id
    if (chance < 0.8 || id === undefined) await send(server, someEvent(pick, i))
    else if (chance < 0.86) await mark(server, 'carol', 'read', { group_ids: [id] })
    else if (chance < 0.9) await mark(server, 'carol', 'seen', { group_ids: [id] })
    else if (chance < 0.93) await mark(server, 'carol', 'seen', { all: true })
    else if (chance < 0.95) await mark(server, 'carol', 'read', { all: true })
    else await server.request('DELETE', `/v1/activities/${id}`, { user: 'carol' })
    await server.settle()
    await between()
  }
}

function someEvent(pick: (count: number) => number, i: number): EventInput {
  const object = `p${pick(12)}`
  if (pick(4) === 0) return unlike(`actor-${pick(4)}`, 'carol', object)
  return like(i % 2 === 0 ? `actor-${pick(4)}` : `actor-${i}`, 'carol', object)
}

/**
 * What is left of the changes after a position: the newest frame of each group. Of marks, each kind over each scope is
 * kept once, at its newest position; a frame that says nothing newer than a later one is not sent.
 */
function restAfter(recorded: readonly Frame[], from: number): object[] {
  const later = recorded.filter((frame) => frame.seq > from)
  const newest = new Map<string, number>()
  const rest: Frame[] = []
  for (const frame of later) for (const thing of thingsOf(frame)) newest.set(thing, frame.seq)
  for (const frame of later) {
    if (frame.type !== 'read_state') {
      if (newest.get(String(thingsOf(frame)[0])) === frame.seq) rest.push(frame)
      continue
    }
    const scopes = scopesLeft(frame, newest)
    if (scopes) rest.push(scopes)
  }
  return rest.map((frame) => essence(known(frame, from, recorded)))
}

const groupOf = (frame: Frame): string => frame.group?.group_id ?? frame.group_id

function thingsOf(frame: Frame): string[] {
  if (frame.type !== 'read_state') return [groupOf(frame)]
  const of = (kind: string, scope: Frame | null): string[] => {
    if (!scope) return []
    return scope.group_ids ? scope.group_ids.map((id: string) => `${kind} ${id}`) : [`${kind} all`]
  }
  return [...of('read', frame.read), ...of('seen', frame.seen)]
}

function scopesLeft(frame: Frame, newest: ReadonlyMap<string, number>): Frame | null {
  const left = (kind: string, scope: Frame | null): boolean =>
    scope !== null &&
    thingsOf({ type: 'read_state', read: null, seen: null, [kind]: scope }).some(
      (thing) => newest.get(thing) === frame.seq,
    )
  const read = left('read', frame.read) ? frame.read : null
  const seen = left('seen', frame.seen) ? frame.seen : null
  // Read covers seen, and is told with it even when something newer was seen later.
  return read || seen ? { ...frame, read, seen: seen ?? read } : null
}

/** A group that came up after the position is news to who resumes there. */
function known(frame: Frame, from: number, recorded: readonly Frame[]): Frame {
  if (!frame.group) return frame
  const own = recorded.filter(
    (other) => other.seq <= frame.seq && groupOf(other) === groupOf(frame) && other.type !== 'read_state',
  )
  const cameUp = own.filter((other) => other.type === 'activity_group_created').at(-1)?.seq ?? 0
  return { ...frame, type: cameUp > from ? 'activity_group_created' : 'activity_group_updated' }
}

/** Without what depends on when it is told: counts, links, marks that came later. */
function essence(frame: Frame): object {
  const { type, seq, group, group_id, read, seen } = frame
  if (group)
    return { type, seq, group_id: group.group_id, actor_count: group.actor_count, event_count: group.event_count }
  return type === 'read_state' ? { type, seq, read, seen } : { type, seq, group_id }
}

/** Waits until the server has noticed that nobody is there. */
async function gone(server: TestServer): Promise<void> {
  const { gateway } = insideOf(server).server
  while ((gateway?.stats().sockets ?? 0) > 0) await server.request('GET', '/healthz')
  await server.request('GET', '/healthz')
}
