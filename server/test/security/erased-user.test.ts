// Whoever deletes their account is nowhere any more: looked for in every cell of the database, and in what was logged.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { databaseFile } from '../../src/engines/sqlite/open.ts'
import { temporaryFolder } from '../../src/engines/sqlite/testing/temporary-folder.ts'
import { createLog } from '../../src/lib/log.ts'
import { accept, like, mark } from '../journeys/testing/calls.ts'
import { eventually } from '../stress/testing/eventually.ts'
import { type OwnServer, ownServer } from './testing/own-server.ts'

const gone = 'planted-user-who-goes'
const name = 'Planted Name'
const dayMs = 86_400_000

/** What the guide says is kept: the log its records, what refuses tokens and late events, what was answered and became of events. */
const keptForAWhile = ['erasures', 'idempotency', 'log', 'revocations', 'traces']

test('an erased user is in no view, and when the log has gone in no table but the one that refuses their tokens', async () => {
  using folder = temporaryFolder()
  const lines: string[] = []
  const log = createLog({ level: 'debug', readable: false, write: (line) => lines.push(line) })
  await using server = await ownServer({
    onDisk: true,
    folder: folder.path,
    log,
    config: { 'log.retentionDays': 1, 'activity.retentionDays': 1 },
  })
  const tables = () => tablesWith([gone, name], join(folder.path, databaseFile))
  await live(server)
  for (const table of ['groups', 'heads', 'marks', 'users', 'traces', 'log'])
    assert.ok(tables().includes(table), `${table} holds something of the user before`)

  const erased = await server.request('DELETE', `/v1/users/${gone}`)
  assert.equal(erased.status, 202)
  const passing = async (ms: number) => {
    await server.advance(ms)
    await server.settle()
  }
  await eventually('no view holds anything of the user', async () => {
    await passing(1_000)
    return tables().every((table) => keptForAWhile.includes(table))
  })
  assert.equal((await server.request('GET', `/v1/users/${gone}`)).status, 404)
  const { body } = await server.request('GET', '/v1/activities', { user: 'carol' })
  assert.deepEqual(
    body.activity_groups.map((group: { object_id: string; actor_count: number }) => [
      group.object_id,
      group.actor_count,
    ]),
    [['p1', 1]],
  )
  assert.doesNotMatch(JSON.stringify(body), /planted/i)

  await eventually('nothing but what refuses old tokens holds anything of the user', async () => {
    await passing(dayMs)
    return tables().every((table) => table === 'revocations')
  })
  assert.deepEqual(
    lines.filter((line) => line.includes(gone) || line.includes(name)),
    [],
  )
})

/** All that a user does and has done to them. */
async function live(server: OwnServer): Promise<void> {
  await server.request('PUT', `/v1/users/${gone}`, { body: { name, properties: { plan: name } } })
  await server.request('PUT', '/v1/users/carol', { body: { name: 'Carol' } })
  await accept(server, [
    like(gone, 'carol', 'p1'),
    like('ben', 'carol', 'p1'),
    like(gone, 'carol', 'p2', { metadata: { preview: name } }),
    like('ben', gone, 'p3'),
    like('dan', gone, 'p3'),
  ])
  await server.settle()
  await mark(server, gone, 'read', { all: true })
  const headers = { 'idempotency-key': 'planted-key' }
  const issued = await server.request('POST', '/v1/tokens', { body: { user_id: gone, device_id: 'phone' }, headers })
  assert.equal(issued.status, 201)
  await server.settle()
}

/** The tables of which some cell holds one of these texts, as text or within bytes. */
function tablesWith(texts: readonly string[], path: string): readonly string[] {
  using db = new DatabaseSync(path, { readOnly: true })
  const names = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all()
  return names
    .map((row) => String(row.name))
    .filter((table) =>
      db
        .prepare(`SELECT * FROM "${table}"`)
        .all()
        .some((row) => Object.values(row).some((cell) => texts.some((text) => textOf(cell).includes(text)))),
    )
}

const textOf = (cell: unknown): string =>
  cell instanceof Uint8Array ? Buffer.from(cell).toString('latin1') : String(cell)
