import assert from 'node:assert/strict'
import type { ActivityGroup, Counts, MarkScope } from '@headwater/protocol'
import type { TestServer } from '../../../src/testing.ts'
import { page, walk } from './calls.ts'
import type { Frame, TestSocket } from './socket.ts'

/**
 * What a simple client shows: a list read once, then frames, in whatever order and however often they come. The higher
 * `seq` of a group holds, the newest counts hold, and nothing is added or subtracted.
 */
export class View {
  readonly groups = new Map<string, ActivityGroup>()
  counts: Counts & { readonly seq: number } = { unread_count: 0, unseen_count: 0, seq: -1 }
  /** Every group that a frame called new, once for each time. */
  readonly created: string[] = []
  readonly #removed = new Map<string, number>()

  /** Reads the list anew, as after `reset`. */
  async load(server: TestServer, user: string): Promise<number> {
    const { seq, unread_count, unseen_count } = await page(server, user, '?limit=1')
    this.groups.clear()
    for (const group of await walk(server, user)) this.#put(group)
    this.#count({ unread_count, unseen_count, seq })
    return seq
  }

  /** Takes the frames of a socket from index `from` on; gives the index to go on from. */
  follow(socket: TestSocket, from = 0): number {
    for (const frame of socket.frames.slice(from)) this.take(frame)
    return socket.frames.length
  }

  take(frame: Frame): void {
    if (frame.type === 'hello') this.#count({ ...countsOf(frame), seq: frame.seq })
    if (frame.counts_seq !== undefined) this.#count({ ...countsOf(frame), seq: frame.counts_seq })
    if (frame.type === 'activity_group_created') this.created.push(frame.group.group_id)
    if (frame.type === 'activity_group_created' || frame.type === 'activity_group_updated') this.#put(frame.group)
    if (frame.type === 'activity_group_removed') {
      this.#removed.set(frame.group_id, frame.seq)
      if ((this.groups.get(frame.group_id)?.seq ?? 0) <= frame.seq) this.groups.delete(frame.group_id)
    }
    if (frame.type === 'read_state') {
      this.#mark(frame.read, { is_read: true })
      this.#mark(frame.seen, { is_seen: true, new_actor_count: 0 })
    }
  }

  /** The list and the badge are what the server would answer now. */
  async assertIsTheServers(server: TestServer, user: string, message = ''): Promise<void> {
    const { unread_count, unseen_count } = await page(server, user, '?limit=1')
    assert.deepEqual(
      [...this.groups.values()].sort(byPlace).map(essence),
      (await walk(server, user)).map(essence),
      message,
    )
    assert.deepEqual(countsOf(this.counts), { unread_count, unseen_count }, message)
  }

  #put(group: ActivityGroup): void {
    const held = this.groups.get(group.group_id)
    if (held && held.seq > group.seq) return
    if ((this.#removed.get(group.group_id) ?? 0) > group.seq) return
    this.groups.set(group.group_id, group)
  }

  #mark(scope: MarkScope | null, flags: Partial<ActivityGroup>): void {
    if (!scope) return
    for (const [id, group] of this.groups) {
      const covered =
        'all_up_to_seq' in scope
          ? group.unread_seq <= scope.all_up_to_seq
          : scope.group_ids.includes(id) && group.unread_seq <= scope.up_to_seq
      if (covered) this.groups.set(id, { ...group, ...flags })
    }
  }

  #count(counts: Counts & { readonly seq: number }): void {
    if (counts.seq >= this.counts.seq) this.counts = counts
  }
}

const countsOf = ({ unread_count, unseen_count }: Counts | Frame): Counts => ({ unread_count, unseen_count }) as Counts

const byPlace = (a: ActivityGroup, b: ActivityGroup): number =>
  b.group_created_at - a.group_created_at || (a.group_id < b.group_id ? -1 : 1)

const essence = ({ group_id, seq, actor_count, event_count, summary, is_read, is_seen }: ActivityGroup) => ({
  group_id,
  seq,
  actor_count,
  event_count,
  summary,
  is_read,
  is_seen,
})
