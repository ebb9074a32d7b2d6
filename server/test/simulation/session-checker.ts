import assert from 'node:assert/strict'
import type { ServerFrame } from '@headwater/protocol'
import type { UserId } from '../../src/model/ids.ts'
import type { Oracle } from './oracle.ts'

/** Holds every frame of one connection against what the protocol promises, and notes what it tells for the oracle. */
export class SessionChecker {
  readonly #name: string
  readonly #user: UserId
  readonly #oracle: Oracle
  #position: { readonly epoch: string; readonly seq: number } | null = null

  constructor(name: string, user: UserId, oracle: Oracle) {
    this.#name = name
    this.#user = user
    this.#oracle = oracle
  }

  take(text: string): void {
    const frame = JSON.parse(text) as ServerFrame
    if (frame.type === 'hello') this.#greet(frame)
    else if (frame.type === 'reset') this.#position = { epoch: frame.epoch, seq: frame.seq }
    else if ('prev_seq' in frame) this.#link(frame)
  }

  #greet(frame: Extract<ServerFrame, { type: 'hello' }>): void {
    assert.equal(this.#position, null, `${this.#name}: a second hello`)
    assert.equal(frame.user_id, this.#user, `${this.#name}: the stream of somebody else`)
    assert.ok(frame.from_seq <= frame.seq, `${this.#name}: hello ends before it begins`)
    this.#position = { epoch: frame.epoch, seq: frame.from_seq }
    this.#oracle.counts(`hello to ${this.#name}`, this.#user, frame.seq, frame.unread_count, frame.unseen_count)
  }

  #link(frame: Extract<ServerFrame, { prev_seq: number }>): void {
    const what = `${frame.type} to ${this.#name}`
    assert.deepEqual({ epoch: frame.epoch, seq: frame.prev_seq }, this.#position, `${what}: the chain is broken`)
    assert.ok(frame.seq > frame.prev_seq, `${what}: positions rise`)
    assert.ok(frame.counts_seq >= frame.seq, `${what}: counts are older than their frame`)
    this.#position = { epoch: frame.epoch, seq: frame.seq }
    this.#oracle.counts(what, this.#user, frame.counts_seq, frame.unread_count, frame.unseen_count)
    if ('group' in frame) this.#oracle.group(what, this.#user, frame.group)
  }
}
