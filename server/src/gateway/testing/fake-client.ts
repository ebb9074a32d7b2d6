import assert from 'node:assert/strict'
import type { ActivityGroup, MarkScope, ServerFrame } from '@headwater/protocol'
import type { Seq } from '../../model/ids.ts'
import type { Session } from '../session.ts'
import type { Transport } from '../transport.ts'

/** The other end of a session: it takes frames or lets them wait, checks the chain, and keeps what a client would show. */
export class FakeClient implements Transport {
  readonly oneWay: boolean
  session!: Session
  writable = true
  bufferedBytes = 0
  readonly frames: ServerFrame[] = []
  readonly ids: (Seq | null)[] = []
  pings = 0
  closed: { readonly code: number; readonly reason: string } | null = null
  terminated = false
  /** The first thing that no client should meet. */
  problem: unknown = null
  /** Set once the client has read a page: from then on it knows every group, or is told of it as created. */
  hasPage = false
  /** Pages may hide a group whose deletion is not folded yet, and which changes once more before. */
  mayMeetDeleted = false
  groups = new Map<string, ActivityGroup>()
  resets = 0
  position: Seq = 0
  counts: { readonly unread: number; readonly unseen: number; readonly seq: Seq } = { unread: 0, unseen: 0, seq: 0 }
  #chain: Seq | null = null
  readonly #removed = new Map<string, Seq>()

  constructor(oneWay = false) {
    this.oneWay = oneWay
  }

  send(text: string, type: string, id: Seq | null): void {
    try {
      this.#receive(text, type, id)
    } catch (error) {
      // Thrown from here it would look like a failure of the gateway, which would try again.
      this.problem ??= error
    }
  }

  #receive(text: string, type: string, id: Seq | null): void {
    assert.equal(this.closed, null, 'a frame was sent after the close')
    const frame = JSON.parse(text) as ServerFrame
    assert.equal(frame.type, type)
    this.frames.push(frame)
    this.ids.push(id)
    this.#take(frame)
  }

  ping(): void {
    this.pings++
  }

  close(code: number, reason: string): void {
    if (this.closed) this.problem ??= new Error('closed twice')
    this.closed = { code, reason }
  }

  terminate(): void {
    this.terminated = true
  }

  cork(): void {}
  uncork(): void {}

  /** Lets frames through again. */
  drain(): void {
    this.writable = true
    this.bufferedBytes = 0
    this.session.drained()
  }

  say(frame: unknown): void {
    this.session.receive(JSON.stringify(frame))
  }

  /** Frames of these types, or all, that came since the last call. */
  take(...types: string[]): ServerFrame[] {
    const taken = this.frames.splice(0)
    return types.length === 0 ? taken : taken.filter(({ type }) => types.includes(type))
  }

  /** Takes over a page, as after a reset or before the first connection. */
  show(page: {
    readonly groups: readonly ActivityGroup[]
    readonly badge: { upTo: Seq; unread: number; unseen: number }
  }) {
    this.hasPage = true
    // A page may have been read before a removal that the socket told meanwhile.
    const listed = page.groups.filter((group) => group.seq > (this.#removed.get(group.group_id) ?? 0))
    this.groups = new Map(listed.map((group) => [group.group_id, group]))
    const { upTo, unread, unseen } = page.badge
    this.counts = { unread, unseen, seq: upTo }
  }

  #take(frame: ServerFrame): void {
    if (frame.type === 'hello') {
      assert.ok(frame.from_seq <= frame.seq)
      this.#chain = this.position = frame.from_seq
      this.#count(frame, frame.seq)
      return
    }
    if (frame.type === 'reset') {
      this.resets++
      this.#chain = this.position = frame.seq
      return
    }
    if (!('prev_seq' in frame)) return
    assert.equal(frame.prev_seq, this.#chain, 'the chain is broken')
    assert.ok(frame.seq > frame.prev_seq, 'positions rise')
    assert.ok(frame.counts_seq >= frame.seq, 'counts are not older than their frame')
    this.#chain = this.position = frame.seq
    this.#count(frame, frame.counts_seq)
    switch (frame.type) {
      case 'activity_group_created':
      case 'activity_group_updated': {
        const { group } = frame
        const isKnown = this.mayMeetDeleted || !this.hasPage || this.groups.has(group.group_id) || this.resets > 0
        assert.ok(isKnown || frame.type === 'activity_group_created', 'an update of a group that was never told of')
        if (group.seq >= (this.groups.get(group.group_id)?.seq ?? 0)) this.groups.set(group.group_id, group)
        break
      }
      case 'activity_group_removed':
        this.#removed.set(frame.group_id, frame.seq)
        if (frame.seq >= (this.groups.get(frame.group_id)?.seq ?? 0)) this.groups.delete(frame.group_id)
        break
      case 'read_state':
        this.#mark(frame.read, 'is_read')
        this.#mark(frame.seen, 'is_seen')
    }
  }

  #mark(scope: MarkScope | null, field: 'is_read' | 'is_seen'): void {
    if (!scope) return
    const upTo = 'all_up_to_seq' in scope ? scope.all_up_to_seq : scope.up_to_seq
    for (const [id, group] of this.groups) {
      const isNamed = 'all_up_to_seq' in scope || scope.group_ids.includes(id)
      if (isNamed && group.unread_seq <= upTo) this.groups.set(id, { ...group, [field]: true })
    }
  }

  #count({ unread_count, unseen_count }: { unread_count: number; unseen_count: number }, seq: Seq): void {
    if (seq >= this.counts.seq) this.counts = { unread: unread_count, unseen: unseen_count, seq }
  }
}
