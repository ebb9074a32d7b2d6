import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { seededRandom } from '../../src/lib/virtual-seams.ts'
import { startHeadwater } from '../../src/testing.ts'
import { ask } from '../bad-input/testing/wire.ts'
import { like, page, send } from '../journeys/testing/calls.ts'

const server = await startHeadwater()
after(() => server.close())
await send(server, ...Array.from({ length: 9 }, (_, i) => like(`fan-${i}`, 'alice', `p${i % 3}`)))

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

test('security 43: of 2,000 changed cursors the API takes none', async () => {
  const random = seededRandom(43)
  const below = (limit: number): number => Math.floor(random.next() * limit)
  const letter = (): string => alphabet[below(alphabet.length)] as string
  const sealed = String((await page(server, 'alice', '?limit=1')).next_cursor)
  const another = String((await page(server, 'alice', '?limit=2')).next_cursor)
  const changes: readonly ((at: number) => string)[] = [
    (at) => sealed.slice(0, at) + letter() + sealed.slice(at + 1),
    (at) => sealed.slice(0, at) + letter() + sealed.slice(at),
    (at) => sealed.slice(0, at) + sealed.slice(at + 1),
    (at) => sealed.slice(0, at) + another.slice(at),
    (at) => another.slice(0, at) + sealed.slice(at),
    (at) => flipped(sealed, at, 1 << below(8)),
    () => Array.from({ length: sealed.length }, letter).join(''),
  ]
  const cursors = new Set<string>()
  while (cursors.size < 2_000) {
    const cursor = (changes[below(changes.length)] as (at: number) => string)(below(sealed.length))
    if (cursor !== sealed && cursor !== another && cursor !== '') cursors.add(cursor)
  }
  const token = await server.token('alice')
  const taken: string[] = []
  const all = [...cursors]
  for (let i = 0; i < all.length; i += 20) {
    const batch = all.slice(i, i + 20)
    const answers = await Promise.all(
      batch.map((cursor) => server.request('GET', `/v1/activities?cursor=${cursor}`, { token })),
    )
    answers.forEach(({ status, body }, at) => {
      if (status !== 400 || body.code !== 'bad_cursor') taken.push(`${batch[at]}: ${status} ${JSON.stringify(body)}`)
    })
  }
  assert.deepEqual(taken, [])
  assert.equal((await ask(server, { path: `/v1/activities?cursor=${sealed}`, token })).status, 200)
})

function flipped(text: string, at: number, mask: number): string {
  const bytes = Buffer.from(text, 'base64url')
  const place = at % bytes.length
  bytes[place] = (bytes[place] ?? 0) ^ mask
  return bytes.toString('base64url')
}

test('security 43: a cursor carries no secret, and of its user nothing at all', async () => {
  const { next_cursor } = await page(server, 'alice', '?limit=1')
  const content = Buffer.from(String(next_cursor), 'base64url').toString('latin1')
  assert.doesNotMatch(content, /alice|secret|key/)
})

test('security 43: ids near to those of a group are no groups of anybody who asks', async () => {
  const ids = (await page(server, 'alice')).activity_groups.map((group) => group.group_id)
  const near = ids.flatMap((id) =>
    Array.from({ length: id.length }, (_, at) => id.slice(0, at) + (id[at] === '0' ? '1' : '0') + id.slice(at + 1)),
  )
  for (const user of ['bob', 'alice']) {
    const answers = await Promise.all(
      near.filter((id) => !ids.includes(id)).map((id) => server.request('GET', `/v1/activities/${id}`, { user })),
    )
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [404])
  }
})
