import type { ActivityGroup, StreamPosition } from '@headwater/protocol'
import { Backoff, backoffLimits } from '../../../../client/src/backoff.ts'
import type { Random } from '../../../src/lib/seams.ts'
import { RawSocket } from './raw-socket.ts'

export interface StreamClientOptions {
  readonly port: number
  readonly user: string
  readonly token: string
  readonly random: Random
  /** Where it goes on; left out: from the beginning of what the server keeps. */
  readonly resume?: StreamPosition
  /** Comes back by itself when it loses its connection, as the SDK does. */
  readonly returns?: boolean
  /** The longest wait before it tries again; left out: the SDK's. */
  readonly waitMaxMs?: number
}

/** A badge as it was told, and the position that it was told for. */
export interface Told {
  readonly seq: number
  readonly unread: number
  readonly unseen: number
}

// biome-ignore lint/suspicious/noExplicitAny: frames of every kind
type Frame = { readonly type: string; readonly [field: string]: any }

/**
 * An app that holds a stream open: it keeps what it is told, goes on from where it was, and takes down whatever may not
 * be: a hole in the chain, a number that does not rise, an update of what it never had, a group that is new twice.
 */
export class StreamClient {
  readonly user: string
  readonly faults: string[] = []
  /** Every group it was told of that is still there. */
  readonly groups = new Map<string, Pick<ActivityGroup, 'seq' | 'actor_count' | 'object_id'>>()
  /** Badges of frames; the last one is what an app shows. */
  readonly told: Told[] = []
  /** Badges of `hello`, which may be newer than its `seq`. */
  readonly toldByHello: Told[] = []
  /** Close codes and refusals, in their order; `null` = cut off. */
  readonly ends: (number | null)[] = []
  readonly resets: string[] = []
  position: StreamPosition | null
  /** It has everything up to the position that `hello` named. */
  isLive = false
  hellos = 0
  links = 0
  /** Of the transport, which it answers. */
  pings = 0
  /** How long the server asked to stay away. */
  retryAfterMs: number | null = null
  returns: boolean
  #port: number
  #token: string
  readonly #backoff: Backoff
  #socket: RawSocket | null = null
  #timer: NodeJS.Timeout | undefined
  #helloSeq = 0
  #badge: Told | undefined

  constructor({ port, user, token, random, resume, returns = false, waitMaxMs }: StreamClientOptions) {
    this.user = user
    this.position = resume ?? null
    this.returns = returns
    this.#port = port
    this.#token = token
    this.#backoff = new Backoff(random, { ...backoffLimits, lastMs: waitMaxMs ?? backoffLimits.lastMs })
    this.connect()
  }

  /** The unread count that an app shows. */
  get badge(): number | undefined {
    return this.#badge?.unread
  }

  connect(): void {
    clearTimeout(this.#timer)
    const socket = new RawSocket(this.#port, {
      open: () => {
        const { position } = this
        socket.send({ type: 'auth', token: this.#token, ...(position && { resume: position }) })
      },
      text: (text) => this.#take(JSON.parse(text)),
      ping: () => void this.pings++,
      end: (code) => this.#over(code),
    })
    this.#socket = socket
  }

  /** The network goes away under it. */
  cut(): void {
    this.#socket?.cut()
    if (this.#socket) this.#over(null)
  }

  say(frame: object): void {
    this.#socket?.send(frame)
  }

  pause(): void {
    this.#socket?.pause()
  }

  resume(): void {
    this.#socket?.resume()
  }

  /** Goes for good. */
  leave(): void {
    this.returns = false
    clearTimeout(this.#timer)
    this.#socket?.cut()
    this.#socket = null
    this.isLive = false
  }

  #over(code: number | null): void {
    this.#socket = null
    this.isLive = false
    this.ends.push(code)
    if (!this.returns) return
    const waitMs = Math.max(this.#backoff.next('lost'), this.retryAfterMs ?? 0)
    this.retryAfterMs = null
    this.#timer = setTimeout(() => this.connect(), waitMs)
  }

  #take(frame: Frame): void {
    switch (frame.type) {
      case 'hello':
        this.#hello(frame)
        return
      case 'reset':
        this.resets.push(frame.reason)
        this.position = { epoch: frame.epoch, seq: frame.seq }
        this.groups.clear()
        this.isLive = true
        return
      case 'server_closing':
        this.retryAfterMs = frame.retry_after_ms
        return
      case 'pong':
        return
      case 'error':
        this.faults.push(`error ${frame.code}`)
        return
      default:
        this.#link(frame)
    }
  }

  #hello(frame: Frame): void {
    const from = this.position
    if (from && frame.epoch === from.epoch && frame.from_seq !== from.seq && frame.from_seq !== frame.seq) {
      this.faults.push(`hello goes on from ${frame.from_seq} and not from ${from.seq}`)
    }
    this.hellos++
    this.#backoff.reset()
    this.position = { epoch: frame.epoch, seq: frame.from_seq }
    this.#helloSeq = frame.seq
    this.#badge = { seq: frame.seq, unread: frame.unread_count, unseen: frame.unseen_count }
    this.toldByHello.push(this.#badge)
    // A hello that goes on from elsewhere is half an answer: its `reset` follows.
    const isResumed = !from || (frame.epoch === from.epoch && frame.from_seq === from.seq)
    this.isLive = isResumed && frame.from_seq === frame.seq
  }

  #link(frame: Frame): void {
    const at = this.position
    if (!at || frame.epoch !== at.epoch) return void this.faults.push(`${frame.type} of epoch ${frame.epoch}`)
    if (frame.prev_seq !== at.seq)
      this.faults.push(`${frame.seq} follows ${frame.prev_seq}, and ${at.seq} was the last`)
    if (frame.seq <= at.seq) this.faults.push(`${frame.seq} does not rise above ${at.seq}`)
    if (frame.counts_seq < frame.seq) this.faults.push(`${frame.seq} has counts of ${frame.counts_seq}`)
    this.links++
    this.position = { epoch: at.epoch, seq: frame.seq }
    this.#badge = { seq: frame.counts_seq, unread: frame.unread_count, unseen: frame.unseen_count }
    this.told.push(this.#badge)
    this.#apply(frame)
    if (frame.seq >= this.#helloSeq) this.isLive = true
  }

  #apply({ type, group, group_id }: Frame): void {
    if (type === 'activity_group_removed') {
      if (!this.groups.delete(group_id)) this.faults.push(`${group_id} was removed, and never there`)
      return
    }
    if (type !== 'activity_group_created' && type !== 'activity_group_updated') return
    const known = this.groups.get(group.group_id)
    const isNew = type === 'activity_group_created'
    if (isNew && known) this.faults.push(`${group.group_id} is new twice`)
    if (!isNew && !known) this.faults.push(`${group.group_id} changed, and was never told of`)
    if (known && group.seq <= known.seq) this.faults.push(`${group.group_id} went back to ${group.seq}`)
    this.groups.set(group.group_id, { seq: group.seq, actor_count: group.actor_count, object_id: group.object_id })
  }
}
