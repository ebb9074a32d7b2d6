import type { Seams } from '../../lib/seams.ts'
import type { GroupId, Seq, UserId } from '../../model/ids.ts'
import type { GroupStore } from '../../ports/group-store.ts'
import { GroupChanges } from './changes.ts'
import type { CassandraDatabase } from './database.ts'
import { purgeGroups } from './group-purge.ts'
import { GroupReads } from './group-reads.ts'
import { GroupWrites } from './group-writes.ts'

/** The position is the time of the write, so of several the highest stays, and no condition is needed. */
const raiseHead = 'UPDATE heads USING TIMESTAMP ? SET head = ? WHERE user_id = ?'
const headOf = 'SELECT head FROM heads WHERE user_id = ?'

/** Groups and heads in Cassandra. */
export function cassandraGroupStore(db: CassandraDatabase, { random }: Pick<Seams, 'random'>): GroupStore {
  const reads = new GroupReads(db)
  const writes = new GroupWrites(db)
  const changes = new GroupChanges(db, reads, random)

  async function heads(users: readonly UserId[]): Promise<readonly Seq[]> {
    return db.each(users, async (user) => (await db.readOne(headOf, user))?.head?.toNumber() ?? 0)
  }

  return {
    ordered: false,
    ...(db.fence === 'stamp' ? { blind: true } : {}),

    async putGroups(batches) {
      const outcomes = await writes.put(batches)
      // What is not shortened now is shortened later.
      await changes.tidy(batches.map(({ user }) => user)).catch(() => {})
      return outcomes
    },

    async putHeads(all) {
      await db.writeAll(all.map(({ user, head }) => [{ query: raiseHead, params: [head, head, user] }]))
    },

    heads,

    async get(ids) {
      const rows = await reads.get(ids)
      writes.known(rows.flatMap((row): GroupId[] => (row ? [row.groupId] : [])))
      return rows
    },

    async ofKeys(asks) {
      const answers = await reads.ofKeys(asks)
      for (const rows of answers) writes.known(rows.map(({ groupId }) => groupId))
      return answers
    },

    list: (user, query) => reads.list(user, query),
    changesSince: (user, after, limit) => changes.since(user, after, limit),
    unread: (user, after, createdFrom) => reads.unread(user, after, createdFrom),

    async purge(what) {
      // Rows expire by themselves, a week after they are past retention.
      if (!('user' in what)) return 0
      const [head] = await heads([what.user])
      return purgeGroups(db, what, head ?? 0, reads, (ids) => writes.forget(ids))
    },

    /** The database outlives the port. */
    async [Symbol.asyncDispose]() {},
  }
}
