import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemory } from '../../src/engines/memory/open.ts'
import { createMemoryStorage } from '../../src/engines/memory/storage.ts'
import { seededRandom, virtualSeams } from '../../src/lib/virtual-seams.ts'
import { createRandomEvents, pick } from '../model/random-events.ts'
import { assertAsPlain, createApi, foldLog, isDone, passUntil, rest, TestWorker } from '../model/world.ts'

const start = Date.UTC(2026, 0, 28)
const dayMs = 86_400_000

test('pages, members and badges equal the plain fold, with workers that come and go', async () => {
  for (let seed = 1; seed <= 10; seed++) await run(seed)
})

async function run(seed: number): Promise<void> {
  const seams = virtualSeams({ now: start + 13 * dayMs, seed })
  const random = seededRandom(seed * 7919)
  const storage = createMemoryStorage({ partitions: 3 })
  const view = () => openMemory(storage, seams, {})
  const api = createApi(view(), seams)
  const next = createRandomEvents(random, { users: 4, actors: 8, objects: 3, from: start, spanMs: 12 * dayMs })
  let workers = [new TestWorker(view(), seams), new TestWorker(view(), seams)]
  for (let step = 0; step < 600; step++) {
    const chance = random.next()
    const user = `user-${pick(random, 4)}`
    if (chance < 0.75) await api.append({ kind: 'event', event: next() })
    else if (chance < 0.83)
      await api.readState.mark(user, random.next() < 0.5 ? 'read' : 'seen', { all: true, upToSeq: null })
    else if (chance < 0.87) await markSome(api, user, random.next())
    else if (chance < 0.9) await deleteOne(api, user, random.next())
    else if (chance < 0.97) seams.time.advance(pick(random, 2_000))
    else {
      const gone = workers[pick(random, workers.length)]
      workers = workers.filter((worker) => worker !== gone)
      void gone?.stop()
      workers.push(new TestWorker(view(), seams))
    }
    if (random.next() < 0.3) await rest(1)
  }
  await passUntil(seams, 'the log is folded', () => isDone(api.ports.log))
  const plain = await foldLog(api.ports.log)
  assert.ok(plain.users.size > 0)
  for (const [id, user] of plain.users) await assertAsPlain(api, id, user, `seed ${seed}`)
  const stopping = workers.map((worker) => worker.stop())
  await passUntil(seams, 'workers stop', async () =>
    Promise.race([Promise.all(stopping).then(() => true), rest(1).then(() => false)]),
  )
}

async function markSome(api: ReturnType<typeof createApi>, user: string, chance: number): Promise<void> {
  const { groups } = await api.reader.page(user, { after: null, limit: 20, types: null, locale: null })
  const group = groups[Math.floor(chance * groups.length)]
  if (group) await api.readState.mark(user, chance < 0.5 ? 'read' : 'seen', { groupIds: [group.group_id] })
}

async function deleteOne(api: ReturnType<typeof createApi>, user: string, chance: number): Promise<void> {
  const { groups } = await api.reader.page(user, { after: null, limit: 20, types: null, locale: null })
  const group = groups[Math.floor(chance * groups.length)]
  if (group) await api.readState.remove(user, group.group_id)
}
