import { type GroupRow, isVisible, monthOf } from '../../model/activity-group.ts'
import { keyText } from '../../model/event.ts'
import { createdAtOf, idBoundAt } from '../../model/group-id.ts'
import type { GroupId, Seq, UserId } from '../../model/ids.ts'
import type { GroupQuery, KeyAsk, UnreadRow } from '../../ports/group-store.ts'
import type { CassandraDatabase, Row } from './database.ts'
import { allColumns, fromRow, shownColumns } from './group-rows.ts'
import { partsOf } from './requests.ts'

const byIds = (columns: string) => `SELECT ${columns} FROM groups WHERE user_id = ? AND month = ? AND group_id IN ?`
const allByIds = byIds(allColumns)
const shownByIds = byIds(shownColumns)

const inSpan = 'WHERE user_id = ? AND month = ? AND group_id > ? AND group_id < ?'
const shownInSpan = `SELECT visible, ${shownColumns} FROM groups ${inSpan} LIMIT ?`
/** For what passes over many rows: what they hold besides stays where it is. */
const slimInSpan = `SELECT group_id, event_type, visible, seq, unread_seq FROM groups ${inSpan}`

const monthsOf = 'SELECT month FROM user_months WHERE user_id = ?'

/** Which of these keys have a group at all. */
const keysThere = 'SELECT key FROM group_keys WHERE user_id = ? AND key IN ? GROUP BY user_id, key'
const keyNewest = 'SELECT group_id FROM group_keys WHERE user_id = ? AND key = ? LIMIT ?'
const keySpan = 'SELECT group_id FROM group_keys WHERE user_id = ? AND key = ? AND group_id >= ? AND group_id < ?'

/** Ids above all others: they begin with digits or lower-case letters. */
const endOfIds = '~'
/** So many ids go into one `IN`. */
const idsAtOnce = 100

export interface Located {
  readonly user: UserId
  readonly groupId: GroupId
}

export class GroupReads {
  readonly #db: CassandraDatabase

  constructor(db: CassandraDatabase) {
    this.#db = db
  }

  /** Newest first. */
  async months(user: UserId): Promise<readonly number[]> {
    return (await this.#db.read(monthsOf, user)).map((row) => row.month as number)
  }

  async get(ids: readonly Located[]): Promise<readonly (GroupRow | undefined)[]> {
    const found = await this.#byIds(allByIds, ids)
    return ids.map(({ user, groupId }) => found.get(`${user} ${groupId}`))
  }

  /** Without `pending`; in no order. */
  async shown(user: UserId, groupIds: readonly GroupId[]): Promise<readonly GroupRow[]> {
    return [
      ...(
        await this.#byIds(
          shownByIds,
          groupIds.map((groupId) => ({ user, groupId })),
        )
      ).values(),
    ]
  }

  /** One query for each partition. */
  async #byIds(query: string, ids: readonly Located[]): Promise<Map<string, GroupRow>> {
    const partitions = new Map<string, { user: UserId; month: number; ids: Set<GroupId> }>()
    for (const { user, groupId } of ids) {
      const month = monthOf(createdAtOf(groupId))
      let name = `${month} ${user}`
      // A partition with very many goes into several queries.
      while ((partitions.get(name)?.ids.size ?? 0) >= idsAtOnce) name += '+'
      const partition = partitions.get(name) ?? { user, month, ids: new Set() }
      partition.ids.add(groupId)
      partitions.set(name, partition)
    }
    const found = new Map<string, GroupRow>()
    await this.#db.each([...partitions.values()], async (partition) => {
      const rows = await this.#db.read(query, partition.user, partition.month, [...partition.ids])
      for (const row of rows) found.set(`${partition.user} ${row.group_id}`, fromRow(partition.user, row))
    })
    return found
  }

  async ofKeys(asks: readonly KeyAsk[]): Promise<readonly (readonly GroupRow[])[]> {
    const there = await this.#keysThere(asks)
    const ids = await this.#db.each(asks, async (ask) => (there.has(ask) ? this.#idsOfKey(ask) : []))
    const wanted = ids.flatMap((each, i) => each.map((groupId) => ({ user: (asks[i] as KeyAsk).user, groupId })))
    if (wanted.length === 0) return asks.map(() => [])
    const found = await this.#byIds(allByIds, wanted)
    return asks.map(({ user }, i) =>
      (ids[i] ?? []).flatMap((groupId) => found.get(`${user} ${groupId}`) ?? []).sort(newestFirst),
    )
  }

  /** Most keys that are asked for are new: those of one user are asked for together, and only the rest one by one. */
  async #keysThere(asks: readonly KeyAsk[]): Promise<ReadonlySet<KeyAsk>> {
    const parts = [...Map.groupBy(asks, ({ user }) => user).values()].flatMap((own) => partsOf(own, idsAtOnce))
    const found = await this.#db.each(parts, async (own) => {
      const [first] = own
      if (!first || own.length === 1) return own
      const texts = own.map(({ key }) => keyText(key))
      const rows = await this.#db.read(keysThere, first.user, [...new Set(texts)])
      const there = new Set(rows.map((row) => row.key as string))
      return own.filter((_, i) => there.has(texts[i] as string))
    })
    return new Set(found.flat())
  }

  async #idsOfKey({ user, key, newest, times, spanMs }: KeyAsk): Promise<readonly GroupId[]> {
    const text = keyText(key)
    const idsIn = (rows: readonly Row[]) => rows.map((row) => row.group_id as GroupId)
    const first = newest === 0 ? [] : idsIn(await this.#db.read(keyNewest, user, text, newest))
    // The newest are all there is: the usual case.
    if (first.length < newest) return first
    const oldest = first.length > 0 ? createdAtOf(first.at(-1) as GroupId) : Number.POSITIVE_INFINITY
    const spans = times.filter((time) => time - spanMs <= oldest)
    const near = await Promise.all(
      spans.map((time) => this.#db.read(keySpan, user, text, idBoundAt(time + spanMs + 1), idBoundAt(time - spanMs))),
    )
    return [...new Set([...first, ...near.flatMap(idsIn)])]
  }

  /** From the newest month on. */
  async list(user: UserId, query: GroupQuery): Promise<readonly GroupRow[]> {
    const { after, createdFrom, limit } = query
    const from = after === null ? Number.POSITIVE_INFINITY : monthOf(createdAtOf(after))
    const found: GroupRow[] = []
    for (const month of await this.months(user)) {
      if (month > from) continue
      if (month < monthOf(createdFrom) || found.length >= limit) break
      found.push(...(await this.#listMonth(user, month, { ...query, limit: limit - found.length })))
    }
    return found
  }

  /**
   * The first query takes as many whole rows as are wanted. Where it met hidden ones or other types, the rest of the month is
   * passed over by its slim columns, and the rows that fit are taken by their ids.
   */
  async #listMonth(user: UserId, month: number, query: GroupQuery): Promise<readonly GroupRow[]> {
    const { after, createdFrom, types, limit } = query
    const fits = (row: Row) => row.visible && (types === null || types.includes(row.event_type))
    const end = idBoundAt(createdFrom)
    const first = await this.#db.read(shownInSpan, user, month, after ?? '', end, limit)
    const found = first.filter(fits).map((row) => fromRow(user, row))
    let behind: GroupId | undefined = first.length < limit ? undefined : first.at(-1)?.group_id
    while (behind !== undefined && found.length < limit) {
      const wanted = limit - found.length
      const ids = await this.#idsThatFit(user, month, behind, end, fits, wanted)
      // Some may have been hidden between the two reads: then there are others behind them.
      found.push(...(await this.shown(user, ids)).filter(isVisible).toSorted(newestFirst))
      behind = ids.length < wanted ? undefined : ids.at(-1)
    }
    return found
  }

  async #idsThatFit(
    user: UserId,
    month: number,
    after: GroupId,
    end: string,
    fits: (row: Row) => boolean,
    wanted: number,
  ): Promise<readonly GroupId[]> {
    const ids: GroupId[] = []
    for await (const page of this.#db.readPages(slimInSpan, [user, month, after, end], 500)) {
      for (const row of page) {
        if (!fits(row)) continue
        ids.push(row.group_id)
        if (ids.length === wanted) return ids
      }
    }
    return ids
  }

  async unread(user: UserId, after: Seq, createdFrom: number): Promise<readonly UnreadRow[]> {
    const found: UnreadRow[] = []
    for await (const row of this.slim(user, createdFrom)) {
      const unreadSeq = row.unread_seq.toNumber()
      if (!row.visible || unreadSeq <= after) continue
      const groupId = row.group_id as GroupId
      found.push({ groupId, eventType: row.event_type, createdAt: createdAtOf(groupId), unreadSeq })
    }
    return found
  }

  /** Ids of the rows whose `seq` is above `after`, by passing over all; at most one more than `limit`. */
  async idsSince(user: UserId, after: Seq, limit: number): Promise<readonly GroupId[]> {
    const ids: GroupId[] = []
    for await (const row of this.slim(user, 0)) {
      if (row.seq.toNumber() > after) ids.push(row.group_id)
      if (ids.length > limit) break
    }
    return ids
  }

  /** All rows of a user created at or after a time, newest first, by their slim columns. */
  async *slim(user: UserId, createdFrom: number): AsyncGenerator<Row> {
    for (const month of await this.months(user)) {
      if (month < monthOf(createdFrom)) return
      const params = [user, month, '', createdFrom === 0 ? endOfIds : idBoundAt(createdFrom)]
      for await (const page of this.#db.readPages(slimInSpan, params)) yield* page
    }
  }
}

const newestFirst = (a: GroupRow, b: GroupRow): number => (a.groupId < b.groupId ? -1 : 1)
