import type { ClientFrame, HelloFrame, StreamPosition } from '@headwater/protocol'
import type { HeadwaterError } from '../error.ts'
import type { ChainFrame } from '../frame.ts'
import { socketTransport } from '../socket.ts'
import { ActivityStream, type Connection } from '../stream.ts'
import { createTokenSource, type TokenOption } from '../token.ts'
import type { Introduction, TransportHandlers } from '../transport.ts'
import { FakeSockets } from './fake-socket.ts'
import { VirtualWorld } from './virtual.ts'

/** A greeting that goes on from position 5. */
export const hello = (fields: Partial<HelloFrame> = {}): HelloFrame => ({
  type: 'hello',
  session_id: 's1',
  user_id: 'carol',
  epoch: 'e1',
  from_seq: 5,
  seq: 5,
  unread_count: 0,
  unseen_count: 0,
  ping_interval_ms: 20_000,
  timeout_ms: 60_000,
  ...fields,
})
export const link = (prev_seq: number, seq: number) => ({
  type: 'read_state',
  epoch: 'e1',
  seq,
  prev_seq,
  read: null,
  seen: null,
})
export const reset = (seq: number, epoch = 'e1') => ({ type: 'reset', reason: 'position_unknown', epoch, seq })
export const here: StreamPosition = { epoch: 'e1', seq: 5 }

export interface Sse {
  readonly introduction: Introduction
  readonly handlers: TransportHandlers
}

/** A stream whose sockets, server-sent events and time the test plays. */
export function setupStream({ token = 't' as TokenOption, sockets: hasSockets = true } = {}) {
  const world = new VirtualWorld()
  world.chance = 1
  const sockets = new FakeSockets()
  const events: string[] = []
  const sse: Sse[] = []
  let connection: Connection = 'offline'
  let error: HeadwaterError | null = null
  const stream = new ActivityStream(
    {
      tokens: createTokenSource(token, world.seams),
      seams: world.seams,
      deviceId: 'phone-1',
      transports: {
        socket: hasSockets ? socketTransport(sockets.Constructor, 'https://test/base') : null,
        sse: (introduction, handlers) => {
          sse.push({ introduction, handlers })
          return { send: () => false, close: () => {} }
        },
      },
    },
    {
      connection: (state, why) => {
        connection = state
        error = why
      },
      hello: (frame) => events.push(`hello ${frame.seq}`),
      began: (at, isReset) => events.push(`${isReset ? 'reset' : 'began'} ${at.epoch}:${at.seq}`),
      frame: (frame: ChainFrame) => events.push(`frame ${frame.seq}`),
    },
  )
  /** Opens from a known position up to `hello`. */
  const online = async (fields: Partial<HelloFrame> = {}, from: StreamPosition | null = here) => {
    stream.start(from)
    await world.run(0)
    await greet(fields)
  }
  const greet = async (fields: Partial<HelloFrame> = {}) => {
    sockets.last.accept()
    sockets.last.push(hello(fields))
    await world.run(0)
  }
  const cut = async (code?: number) => {
    sockets.last.cut(code)
    await world.run(0)
  }
  const sent = (type: ClientFrame['type']) => sockets.last.sent.filter((frame) => frame.type === type)
  return {
    world,
    sockets,
    sse,
    events,
    stream,
    online,
    greet,
    cut,
    sent,
    lastError: () => error,
    state: () => ({ connection, error: error?.code ?? null }),
  }
}
