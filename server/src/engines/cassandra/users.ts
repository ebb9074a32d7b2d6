import type { UserId } from '../../model/ids.ts'
import type { CassandraDatabase } from './database.ts'

const all = 'SELECT user_id FROM heads'
const usersAtOnce = 1_000

/** Everyone who has a stream, in no order: for tools that check all of them. */
export async function* usersOf(db: CassandraDatabase): AsyncGenerator<UserId> {
  for await (const page of db.readPages(all, [], usersAtOnce)) {
    for (const row of page) yield row.user_id as UserId
  }
}
