import type { GroupId, Seq } from '../model/ids.ts'
import type { PlainFrame } from './plain-frames.ts'
import { frameType, type StreamEntry } from './stream-frames.ts'
import type { Transport } from './transport.ts'

/** What all queues of a gateway share. */
export interface OutboundRules {
  /** The epoch as JSON. */
  readonly epochText: string
  readonly maxBytes: number
  readonly maxFrames: number
  /** A frame of the chain was handed to the transport. */
  written(acceptedAt: number | null): void
}

type Waiting = {
  readonly bytes: number
  /** It is part of catching up, which is as long as it is: the bounds do not count it. */
  readonly backlog: boolean
} & (
  | { readonly plain: PlainFrame }
  | { readonly entry: StreamEntry; readonly created: boolean; readonly acceptedAt: number | null }
)

/** A burst may exceed the bounds by so much for a moment: 16 MiB hold what a thousand events of one request become. */
const burstFactor = 64

/** What the text in front of the `tail` of an entry weighs, nearly. */
const headBytes = 96

/**
 * The way out to one client. As long as the transport takes frames they go straight through. When it does not, they wait
 * here, and a newer frame about a group takes the place of the older one, at the end: the order of `seq` stays. `prev_seq`
 * is put in when a frame is written, so that whatever was dropped before, the chain holds.
 */
export class OutboundQueue {
  readonly #transport: Transport
  readonly #rules: OutboundRules
  /** The `seq` of the last frame of the chain that was written; below every position before the first one. */
  #chain: Seq = -1
  #waiting: Map<GroupId | number, Waiting> | null = null
  #nextKey = 0
  #bytes = 0
  #backlogBytes = 0
  #backlogFrames = 0

  constructor(transport: Transport, rules: OutboundRules) {
    this.#transport = transport
    this.#rules = rules
  }

  get chain(): Seq {
    return this.#chain
  }

  get hasBacklog(): boolean {
    return this.#backlogFrames > 0
  }

  get frames(): number {
    return this.#waiting?.size ?? 0
  }

  /** More waits than may, what the transport holds included and what is caught up with not. */
  get isOver(): boolean {
    return this.#exceeds(1)
  }

  /** So much waits that it cannot be a burst that a client who reads is about to take. */
  get isFarOver(): boolean {
    return this.#exceeds(burstFactor)
  }

  sendPlain(plain: PlainFrame): void {
    if (this.#isOpen()) this.#writePlain(plain)
    else this.#wait(this.#nextKey++, { plain, bytes: plain.text.length, backlog: false })
  }

  sendEntry(entry: StreamEntry, created: boolean, backlog: boolean, acceptedAt: number | null): void {
    if (this.#isOpen()) {
      this.#writeEntry(entry, created, acceptedAt)
      return
    }
    const key = entry.groupId ?? this.#nextKey++
    const older = this.#waiting?.get(key)
    if (older) this.#forget(key, older)
    const isNews = created || (entry.kind === 'group' && older !== undefined && 'entry' in older && older.created)
    const bytes = Buffer.byteLength(entry.tail) + headBytes
    this.#wait(key, { entry, created: isNews, acceptedAt, bytes, backlog })
  }

  /** Writes what waits, as far as the transport takes it. */
  flush(): void {
    const waiting = this.#waiting
    if (!waiting) return
    this.#transport.cork()
    for (const [key, item] of waiting) {
      if (!this.#transport.writable) break
      this.#forget(key, item)
      if ('plain' in item) this.#writePlain(item.plain)
      else this.#writeEntry(item.entry, item.created, item.acceptedAt)
    }
    this.#transport.uncork()
    if (waiting.size === 0) this.#waiting = null
  }

  /** Forgets what waits of the chain: it is about to begin anew. */
  dropStream(): void {
    for (const [key, item] of this.#waiting ?? []) if ('entry' in item) this.#forget(key, item)
  }

  clear(): void {
    this.#waiting = null
    this.#bytes = this.#backlogBytes = this.#backlogFrames = 0
  }

  #isOpen(): boolean {
    return this.frames === 0 && this.#transport.writable
  }

  #exceeds(factor: number): boolean {
    if (!this.#waiting) return false
    const bytes = this.#bytes - this.#backlogBytes + this.#transport.bufferedBytes
    const frames = this.#waiting.size - this.#backlogFrames
    return frames > 0 && (bytes > this.#rules.maxBytes * factor || frames > this.#rules.maxFrames * factor)
  }

  #wait(key: GroupId | number, item: Waiting): void {
    this.#waiting ??= new Map()
    this.#waiting.set(key, item)
    this.#bytes += item.bytes
    if (!item.backlog) return
    this.#backlogBytes += item.bytes
    this.#backlogFrames++
  }

  #forget(key: GroupId | number, item: Waiting): void {
    this.#waiting?.delete(key)
    this.#bytes -= item.bytes
    if (!item.backlog) return
    this.#backlogBytes -= item.bytes
    this.#backlogFrames--
  }

  #writePlain(plain: PlainFrame): void {
    this.#transport.send(plain.text, plain.type, plain.id)
    if (plain.chainFrom !== null) this.#chain = plain.chainFrom
  }

  #writeEntry(entry: StreamEntry, created: boolean, acceptedAt: number | null): void {
    const type = frameType(entry, created)
    const head = `{"type":"${type}","epoch":${this.#rules.epochText},"seq":${entry.seq},"prev_seq":`
    this.#transport.send(head + this.#chain + entry.tail, type, entry.seq)
    this.#chain = entry.seq
    this.#rules.written(acceptedAt)
  }
}
