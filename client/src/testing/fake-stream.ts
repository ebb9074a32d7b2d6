import type { ActivityGroup, ActivityPage, EventType, MarkResult, MarkScope } from '@headwater/protocol'

interface Row {
  group: ActivityGroup
  unreadSeq: number
  alive: boolean
}
type StreamFrameJson = { readonly type: string; readonly seq: number } & Readonly<Record<string, unknown>>

/** One user's activity stream as a correct server keeps it: small enough to be believed. */
export class FakeStream {
  epoch = 'e1'
  seq = 0
  readonly frames: StreamFrameJson[] = []
  readonly #rows = new Map<string, Row>()
  readonly #deleted = new Set<string>()
  readonly #marks = { read: new Map<string, number>(), seen: new Map<string, number>(), readAll: 0, seenAll: 0 }

  /** A new actor does something; the group opens, comes back or grows. */
  event(key: string, createdAt: number, type: EventType = 'LIKE'): void {
    const groupId = this.#currentId(key)
    const seq = ++this.seq
    const row = this.#rows.get(groupId)
    const before = row?.alive ? row.group : undefined
    const actors = (before?.actor_count ?? 0) + 1
    const group = makeGroup(groupId, row?.group.group_created_at ?? createdAt, seq, {
      event_type: row?.group.event_type ?? type,
      actor_count: actors,
      new_actor_count: actors,
    })
    this.#rows.set(groupId, { group, unreadSeq: seq, alive: true })
    this.#log(before ? 'activity_group_updated' : 'activity_group_created', { group: this.#present(groupId) })
  }

  has(groupId: string): boolean {
    return this.#rows.get(groupId)?.alive === true
  }

  /** Its user removes the group: what comes later of its key opens another one. */
  delete(groupId: string): boolean {
    const wasThere = this.remove(groupId)
    if (wasThere) this.#deleted.add(groupId)
    return wasThere
  }

  /** The group vanishes because every actor took back; it may come again. */
  remove(groupId: string): boolean {
    const row = this.#rows.get(groupId)
    if (!row?.alive) return false
    row.alive = false
    this.seq++
    this.#log('activity_group_removed', { group_id: groupId })
    return true
  }

  mark(kind: 'read' | 'seen', body: { group_ids?: string[]; all?: boolean; up_to_seq?: number }): MarkResult {
    const ids = body.group_ids?.filter((id) => this.#rows.get(id)?.alive)
    const upTo = Math.min(body.up_to_seq ?? this.seq, this.seq)
    const scope: MarkScope = ids ? { group_ids: ids, up_to_seq: upTo } : { all_up_to_seq: upTo }
    for (const each of kind === 'read' ? (['read', 'seen'] as const) : (['seen'] as const)) {
      if (ids) for (const id of ids) this.#marks[each].set(id, upTo)
      else this.#marks[`${each}All`] = Math.max(this.#marks[`${each}All`], upTo)
    }
    // Answered from where the stream stands: the record of the mark itself is told after it.
    const { seq } = this
    this.seq++
    this.#log('read_state', { read: kind === 'read' ? scope : null, seen: scope })
    return {
      updated_unread_count: this.counts.unread_count,
      unseen_count: this.counts.unseen_count,
      epoch: this.epoch,
      seq,
      not_found: (body.group_ids ?? []).filter((id) => !ids?.includes(id)),
    }
  }

  get counts(): { unread_count: number; unseen_count: number } {
    const groups = this.groups(null)
    return {
      unread_count: groups.filter((group) => !group.is_read).length,
      unseen_count: groups.filter((group) => !group.is_seen).length,
    }
  }

  groups(filter: readonly string[] | null): ActivityGroup[] {
    return [...this.#rows.values()]
      .filter((row) => row.alive && (!filter || filter.includes(row.group.event_type)))
      .map((row) => this.#present(row.group.group_id))
      .sort((a, b) => b.group_created_at - a.group_created_at || (a.group_id < b.group_id ? -1 : 1))
  }

  page(filter: readonly string[] | null, limit: number, cursor: string | null): ActivityPage {
    const all = this.groups(filter)
    const [createdAt = 0, groupId = ''] = cursor ? (JSON.parse(cursor) as [number, string]) : []
    const isBehind = (group: ActivityGroup) =>
      group.group_created_at < createdAt || (group.group_created_at === createdAt && group.group_id > groupId)
    const rest = cursor ? all.filter(isBehind) : all
    const groups = rest.slice(0, limit)
    const last = groups.at(-1)
    const next = last && rest.length > limit ? JSON.stringify([last.group_created_at, last.group_id]) : null
    const filtered = all.filter((group) => !group.is_read).length
    const { epoch, seq } = this
    return { activity_groups: groups, ...this.counts, filtered_unread_count: filtered, epoch, seq, next_cursor: next }
  }

  /** What a client that holds everything up to `from` has missed, as links of one chain. */
  framesAfter(from: number): StreamFrameJson[] {
    let previous = from
    return this.frames
      .filter((frame) => frame.seq > from)
      .map((frame) => {
        const linked = { ...frame, prev_seq: previous }
        previous = frame.seq
        return linked
      })
  }

  #currentId(key: string): string {
    return this.#deleted.has(key) ? this.#currentId(`${key}'`) : key
  }

  #log(type: string, fields: Record<string, unknown>): void {
    const { epoch, seq } = this
    this.frames.push({ type, epoch, seq, ...this.counts, counts_seq: seq, ...fields })
  }

  #present(groupId: string): ActivityGroup {
    const { group, unreadSeq } = this.#rows.get(groupId) as Row
    const { read, seen, readAll, seenAll } = this.#marks
    const isRead = unreadSeq <= Math.max(readAll, read.get(groupId) ?? 0)
    const isSeen = unreadSeq <= Math.max(seenAll, seen.get(groupId) ?? 0)
    return { ...group, is_read: isRead, is_seen: isSeen, new_actor_count: isSeen ? 0 : group.new_actor_count }
  }
}

/** A group with everything in it that does not matter. */
export function makeGroup(
  groupId: string,
  createdAt: number,
  seq: number,
  fields: Partial<ActivityGroup> = {},
): ActivityGroup {
  return {
    group_id: groupId,
    event_type: 'LIKE',
    verb: '',
    object_type: 'POST',
    object_id: `object of ${groupId}`,
    actor_count: 1,
    actor_count_is_estimate: false,
    new_actor_count: 1,
    event_count: 1,
    top_actors: [],
    summary: `state ${seq}`,
    latest_preview: null,
    metadata: {},
    is_read: false,
    is_seen: false,
    is_closed: false,
    group_created_at: createdAt,
    updated_at: createdAt,
    seq,
    unread_seq: seq,
    ...fields,
  }
}
