import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemory } from '../engines/memory/open.ts'
import { createMemoryStorage } from '../engines/memory/storage.ts'
import { virtualSeams } from '../lib/virtual-seams.ts'
import { tellWrites } from '../wrapped/told-writes.ts'
import { KeptPages, type PageGrounds } from './kept-pages.ts'

const head = 7
const bytes = Buffer.from('a page')
const post = { objectType: 'POST', objectId: 'p1' } as const
const grounds: PageGrounds = { people: ['ann', 'mia'], objects: [post], validUntil: 2_000 }

/** Ann's page, made at 1,000. */
function keptPages(keptBytes = 1_000_000) {
  const pages = new KeptPages(keptBytes)
  pages.keep(pages.draft('ann', 1_000), '20', bytes, head, grounds)
  return { pages, found: (now = 1_500, at = head) => pages.get('ann', '20', at, now) }
}

test('a page is found again, for its user and variant alone', () => {
  const { pages, found } = keptPages()
  assert.equal(found(), bytes)
  assert.equal(found(), bytes)
  assert.equal(pages.get('bob', '20', head, 1_500), undefined)
  assert.equal(pages.get('ann', '50', head, 1_500), undefined)
})

for (const [name, happens] of [
  ['the stream of its user is written', (pages: KeptPages) => pages.streamWritten('ann')],
  ['a person in it is written', (pages: KeptPages) => pages.personWritten('mia')],
  ['an object in it is deleted', (pages: KeptPages) => pages.tombstoneWritten(post)],
  [
    'more was written than is remembered',
    (pages: KeptPages) => {
      for (let i = 0; i < 10_000; i++) pages.personWritten(`person-${i}`)
    },
  ],
] as const) {
  test(`a page is gone when ${name}, also when that happens while it is made`, () => {
    const { pages, found } = keptPages()
    happens(pages)
    assert.equal(found(), undefined)
    const draft = pages.draft('ann', 1_000)
    happens(pages)
    pages.keep(draft, '20', bytes, head, grounds)
    assert.equal(found(), undefined)
    pages.keep(pages.draft('ann', 1_000), '20', bytes, head, grounds)
    assert.equal(found(), bytes)
  })
}

test('a page stays when others are written', () => {
  const { pages, found } = keptPages()
  pages.streamWritten('bob')
  pages.personWritten('bob')
  pages.tombstoneWritten({ objectType: 'POST', objectId: 'p2' })
  assert.equal(found(), bytes)
})

test('a page is gone when time changes it, when the clock is before its making, and when the head is another one', () => {
  assert.equal(keptPages().found(1_999), bytes)
  assert.equal(keptPages().found(2_000), undefined)
  assert.equal(keptPages().found(999), undefined)
  assert.equal(keptPages().found(1_500, head + 1), undefined)
})

test('what is kept is bounded, and nothing is left of users whose pages are gone', () => {
  const pages = new KeptPages(100_000)
  for (let i = 0; i < 1_000; i++) {
    pages.keep(pages.draft(`user-${i}`, 0), '20', Buffer.alloc(2_000), head, grounds)
  }
  assert(pages.users > 10 && pages.users < 60, String(pages.users))
  pages.drop(pages.draft('nobody', 0))
  pages.keep(pages.draft('huge', 0), '20', Buffer.alloc(90_000), head, grounds)
  assert.equal(pages.get('huge', '20', head, 0), undefined)
  for (let i = 0; i < 1_000; i++) pages.streamWritten(`user-${i}`)
  assert.equal(pages.users, 0)
})

test('every write that a page may show is told of when it is over', async () => {
  const told: string[] = []
  const seams = virtualSeams()
  const memory = { ...openMemory(createMemoryStorage(), seams), views: { write: async () => {} } }
  const ports = tellWrites(memory, {
    streamWritten: (user) => told.push(`stream ${user}`),
    personWritten: (id) => told.push(`person ${id}`),
    tombstoneWritten: ({ objectId }) => told.push(`object ${objectId}`),
  })
  const change = { groupId: null, mark: 'read', upTo: 1, seq: 1 } as const
  const writes: [told: string, write: () => Promise<unknown>][] = [
    ['stream ann', () => ports.groups.putHeads([{ user: 'ann', head: 1 }])],
    ['stream ann', () => ports.groups.purge({ user: 'ann' })],
    ['stream ann', () => ports.members.put([{ user: 'ann', groupId: 'g', registers: [] }])],
    ['stream ann', () => ports.members.erase([{ user: 'ann', groupId: 'g', actor: 'mia' }])],
    ['stream ann', () => ports.marks.raise([{ user: 'ann', change }])],
    ['stream ann', () => ports.unread.mark('ann', [change], 0)],
    ['stream ann', () => ports.marks.purge('ann', null)],
    ['person mia', () => ports.users.put({ id: 'mia', name: 'M', avatarUrl: null, locale: null, properties: {} }, 1)],
    ['person mia', () => ports.users.erase('mia', 1, [])],
    ['object p1', () => ports.objects.putTombstone(post, 1)],
  ]
  const heads = [{ user: 'ann', head: 2 }]
  writes.push([
    'stream ann',
    async () => ports.views?.write({ openings: [], rows: [], members: [], changed: [], marks: [], heads }),
  ])
  for (const [expected, write] of writes) {
    const written = write()
    assert.deepEqual(told, [])
    await written
    assert.deepEqual(told.splice(0), [expected])
  }
  assert.deepEqual(await ports.groups.heads(['ann']), [0])
  assert.deepEqual(told, [])
})
