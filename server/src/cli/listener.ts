import type { HelloFrame, IssuedToken, ServerFrame, StreamFrame } from '@headwater/protocol'
import { groupKey } from './expected.ts'
import type { Durations } from './percentiles.ts'
import { request, type Target } from './target.ts'

/** What one socket heard, checked while it came in. */
export interface Listener {
  readonly user: string
  readonly groups: ReadonlyMap<string, number>
  readonly unread: number
  readonly seq: number
  readonly frames: number
  /** Frames whose `prev_seq` was not the `seq` before it, and sockets that closed on their own. */
  readonly faults: readonly string[]
  close(): void
}

const answerWithinMs = 15_000
/** A client that never speaks is closed; pongs would do, an ack also tells the server how far we are. */
const ackEveryMs = 5_000

/** Opens a socket for a user and follows the stream as a client would, from `hello` on. */
export async function listen(target: Target, user: string, latency: Durations): Promise<Listener> {
  const { token } = await request<IssuedToken>(target, 'POST', '/v1/tokens', { body: { user_id: user, ttl_s: 86_400 } })
  const socket = new WebSocket(`${target.url.replace(/^http/, 'ws')}/ws/v1/activities`)
  const groups = new Map<string, number>()
  const keys = new Map<string, string>()
  const faults: string[] = []
  let seq = 0
  let unread = 0
  let frames = 0
  let isClosing = false

  const follow = (frame: StreamFrame): void => {
    frames++
    if (frame.prev_seq !== seq) faults.push(`prev_seq ${frame.prev_seq} after seq ${seq}`)
    seq = frame.seq
    unread = frame.unread_count
  }
  const take = (frame: ServerFrame): void => {
    switch (frame.type) {
      case 'activity_group_created':
      case 'activity_group_updated':
        follow(frame)
        keys.set(frame.group.group_id, groupKey(frame.group))
        groups.set(groupKey(frame.group), frame.group.actor_count)
        latency.add(Math.max(0, Date.now() - frame.group.updated_at))
        break
      case 'activity_group_removed':
        follow(frame)
        groups.delete(keys.get(frame.group_id) ?? '')
        break
      case 'read_state':
        follow(frame)
        break
      case 'reset':
        faults.push(`reset: ${frame.reason}`)
        seq = frame.seq
        break
      case 'error':
        faults.push(`error: ${frame.code}`)
    }
  }

  const hello = Promise.withResolvers<HelloFrame>()
  socket.addEventListener('open', () => socket.send(JSON.stringify({ type: 'auth', token })))
  socket.addEventListener('message', ({ data }) => {
    const frame = JSON.parse(String(data)) as ServerFrame
    if (frame.type === 'hello') {
      seq = frame.from_seq
      unread = frame.unread_count
      hello.resolve(frame)
    } else take(frame)
  })
  socket.addEventListener('close', ({ code }) => {
    if (!isClosing) faults.push(`closed with ${code}`)
    clearInterval(acks)
    hello.reject(new Error(`the socket of ${user} was closed with ${code} before hello`))
  })
  const acks = setInterval(() => socket.send(JSON.stringify({ type: 'ack', seq })), ackEveryMs)
  const tooLong = setTimeout(() => hello.reject(new Error(`no hello for ${user}`)), answerWithinMs)
  await hello.promise.finally(() => clearTimeout(tooLong))

  return {
    user,
    groups,
    get unread() {
      return unread
    },
    get seq() {
      return seq
    },
    get frames() {
      return frames
    },
    faults,
    close() {
      isClosing = true
      socket.close()
    },
  }
}
