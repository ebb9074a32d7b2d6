import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FaultProxy } from '../../../test/faults/proxy.ts'
import { batchesOf, grown, sampleRow, someTime, withoutPending } from '../../conformance/samples.ts'
import { HeadwaterError, UnknownOutcome } from '../../lib/error.ts'
import { systemSeams } from '../../lib/system-seams.ts'
import { type GroupRow, monthOf } from '../../model/activity-group.ts'
import type { UserId } from '../../model/ids.ts'
import type { GroupStore } from '../../ports/group-store.ts'
import { GroupChanges } from './changes.ts'
import { GroupReads } from './group-reads.ts'
import { cassandraGroupStore } from './group-store.ts'
import { openCassandra } from './open.ts'
import { fences, onCassandra } from './run-on-cassandra.ts'
import { usersOf } from './users.ts'

let users = 0
const newUser = (): UserId => `groups-user-${++users}`

/** An EXECUTE or a BATCH of the native protocol, which sends the request's kind in the fifth byte. */
const isWrite = (bytes: Buffer): boolean => [0x0a, 0x0d].includes(bytes[4] ?? 0)

async function isKnown(store: GroupStore, rows: readonly GroupRow[]): Promise<boolean> {
  try {
    await store.putGroups(batchesOf(rows))
    return true
  } catch (error) {
    assert.ok(UnknownOutcome.is(error) || (HeadwaterError.is(error) && error.code === 'store_unavailable'))
    await systemSeams.scheduler.sleep(20)
    return false
  }
}

/** What only this engine can get wrong. */
for (const fence of fences) {
  onCassandra('groups', fence, ({ settings, databases }) => {
    describe(`groups on cassandra (${fence})`, () => {
      const stores = async () => (await databases()).map((db) => cassandraGroupStore(db, systemSeams))

      test('of writers that contend the newest state stays, and none fails', async () => {
        const all = await stores()
        const user = newUser()
        const rows = Array.from({ length: 5 }, (_, i) => sampleRow(user, i + 1))
        const rounds = Array.from({ length: 12 }, (_, round) => rows.map((row) => grown(row, 10 + round)))
        await Promise.all(
          rounds.map((round, i) => all[i % 2]?.putGroups(batchesOf(i % 3 ? round : round.toReversed()))),
        )
        const found = await all[0]?.get(rows)
        assert.deepEqual(found, rounds.at(-1))
      })

      test('a request that is not answered in time is unknown, and the same write again settles it', async () => {
        const [store] = await stores()
        await using hasty = await openCassandra(settings, systemSeams)
        const impatient = cassandraGroupStore(hasty.withTimeout(1), systemSeams)
        const user = newUser()
        // In one partition and large enough that no server answers within a millisecond.
        const rows = Array.from({ length: 300 }, (_, i) => sampleRow(user, i + 1))
        await assert.rejects(impatient.putGroups(batchesOf(rows)), (error) => UnknownOutcome.is(error))
        await store?.putGroups(batchesOf(rows))
        assert.deepEqual(await store?.get(rows), rows)
      })

      for (const cut of ['request', 'passed', 'reply'] as const) {
        test(`an answer that is lost (${cut}): the same write again settles it, and takes nothing back`, async () => {
          const [other] = await stores()
          const [host = '', port] = settings.contactPoints[0]?.split(':') ?? []
          await using proxy = await FaultProxy.open({ target: { host, port: Number(port) } })
          await using db = await openCassandra(
            { ...settings, contactPoints: [proxy.address], port: proxy.port },
            systemSeams,
          )
          const store = cassandraGroupStore(db, systemSeams)
          const user = newUser()
          let rows = [sampleRow(user, 1), sampleRow(user, 2)]
          await store.putGroups(batchesOf(rows))
          for (let round = 1; round <= 20; round++) {
            const ours = rows.map((row, i) => grown(row, 10 * round + i))
            let isLost = false
            const losing = proxy.cutNext(cut, isWrite).then(() => {
              isLost = true
            })
            // The connection that was lost before may not be there again.
            while (!isLost) await isKnown(store, ours)
            await losing
            // Every other time somebody else has gone on from there before it is written again.
            rows = round % 2 === 0 ? ours : ours.map((row, i) => grown(row, 10 * round + 5 + i))
            if (round % 2 === 1) await other?.putGroups(batchesOf(rows))
            while (!(await isKnown(store, ours)));
            assert.deepEqual(await other?.get(rows), rows, `round ${round}`)
          }
        })
      }

      test('a row has one time to live, also after it was changed', async () => {
        const [db] = await databases()
        const [store] = await stores()
        const row = sampleRow(newUser(), 1)
        await store?.putGroups(batchesOf([row]))
        await store?.putGroups(batchesOf([grown(row, 2, { pending: [] })]))
        const columns = ['applied', 'seq', 'unread_seq', 'event_type', 'visible', 'data', 'pending']
        const [found] = await db.read(
          `SELECT ${columns.map((column) => `TTL(${column}) AS ${column}`).join(', ')} FROM groups
           WHERE user_id = ? AND month = ? AND group_id = ?`,
          row.user,
          monthOf(someTime),
          row.groupId,
        )
        const ttls = new Set(columns.map((column) => found?.[column]))
        assert.equal(ttls.size, 1)
        const [ttl] = ttls
        assert(ttl > (settings.ttlDays - 1) * 86_400 && ttl <= settings.ttlDays * 86_400)
      })

      // A group's id is never used again, so who still writes it has lost the partition and does not know it yet.
      test('a row that was there and was erased by another process does not come back', async () => {
        const [one, two] = await stores()
        const user = newUser()
        const [row, other] = [sampleRow(user, 1), sampleRow(user, 2)]
        await one?.putGroups(batchesOf([row]))
        await two?.get([row])
        await one?.purge({ user, upTo: 9 })
        await two?.putGroups(batchesOf([grown(row, 7)]))
        assert.deepEqual(await one?.get([row]), [undefined])
        assert.deepEqual(await one?.ofKeys([{ user, key: row, newest: 8, times: [], spanMs: 0 }]), [[]])
        await two?.putGroups(batchesOf([grown(other, 12)]))
        assert.deepEqual(await one?.get([row, other]), [undefined, grown(other, 12)])
      })

      test('changes stay exact when their list was shortened, and when it is longer than what is asked', async () => {
        const [db] = await databases()
        const [store] = await stores()
        const changes = new GroupChanges(db, new GroupReads(db), systemSeams.random)
        const user = newUser()
        let rows = Array.from({ length: 6 }, (_, i) => sampleRow(user, i + 1))
        for (let round = 1; round <= 20; round++) {
          await store?.putGroups(batchesOf(rows))
          rows = rows.map((row, i) => grown(row, 10 * round + i))
        }
        await store?.putGroups(batchesOf(rows))
        const expected = (after: number) => ({
          rows: rows.filter((row) => row.seq > after).map(withoutPending),
        })
        const check = async () => {
          for (const after of [0, 5, 150, 202, 205]) {
            assert.deepEqual(await store?.changesSince(user, after, 6), expected(after), `after ${after}`)
          }
          assert.deepEqual(await store?.changesSince(user, 0, 5), { gap: true })
        }
        await check()
        await changes.trim(user, 3)
        await check()
        assert.equal((await db.read('SELECT seq FROM changes WHERE user_id = ?', user)).length, 3)
      })

      test('a page past hidden rows and rows of other types is full', async () => {
        const [store] = await stores()
        const user = newUser()
        const rows = Array.from({ length: 90 }, (_, i) =>
          sampleRow(user, i + 1, {
            createdAt: someTime - i,
            eventType: i % 10 === 9 ? 'FOLLOW' : 'LIKE',
            ...(i % 3 === 0 ? { actorCount: 0 } : {}),
          }),
        )
        await store?.putGroups(batchesOf(rows))
        const shown = rows.filter((row) => row.actorCount > 0)
        const page = (types: GroupRow['eventType'][] | null, limit: number) =>
          store?.list(user, { after: null, createdFrom: 0, types, limit })
        assert.deepEqual(await page(null, 40), shown.slice(0, 40).map(withoutPending))
        const follows = shown.filter((row) => row.eventType === 'FOLLOW')
        assert.deepEqual(await page(['FOLLOW'], 4), follows.slice(0, 4).map(withoutPending))
      })

      test('everyone with a head is met once', async () => {
        const [db] = await databases()
        const [store] = await stores()
        const some = Array.from({ length: 30 }, newUser)
        await store?.putHeads(some.map((user, i) => ({ user, head: i + 1 })))
        const met: UserId[] = []
        for await (const user of usersOf(db)) if (some.includes(user)) met.push(user)
        assert.deepEqual(met.toSorted(), some.toSorted())
      })
    })
  })
}
