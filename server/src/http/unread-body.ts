import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { limits } from '@headwater/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Scheduler } from '../lib/seams.ts'

/** So much of what comes behind a refusal is read and thrown away, for so long, on so many connections at once. */
export const unreadLimits = { bytes: 64 * 1024 * 1024, ms: 5_000, connections: 1_000 }

export interface UnreadBodies {
  /** Before the answer to a request is sent, whose body may still be on its way. */
  leave(request: FastifyRequest, reply: FastifyReply): void
  /** Behind an answer that is the last one of its connection. */
  hangUp(socket: Socket): void
}

/**
 * A connection that is closed while its caller still writes is reset, and takes the answer with it that the caller has not
 * read. So behind the answer we end our side alone, and throw away what still comes until the caller has hung up.
 */
export function createUnreadBodies(scheduler: Scheduler): UnreadBodies {
  let connections = 0

  function hangUp(socket: Socket): void {
    if (connections >= unreadLimits.connections) {
      socket.destroySoon()
      return
    }
    let bytes = 0
    const throwAway = (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > unreadLimits.bytes) socket.destroy()
    }
    socket.on('data', throwAway)
    // Node would go on to parse it, and begin the requests behind the body.
    for (const listener of socket.listeners('data')) {
      if (listener !== throwAway) socket.off('data', listener as () => void)
    }
    connections++
    const end = scheduler.after(unreadLimits.ms, () => socket.destroy())
    socket.once('close', () => {
      connections--
      end[Symbol.dispose]()
    })
    socket.end()
    socket.resume()
  }

  return {
    hangUp,
    leave({ raw, headers }, reply) {
      if (raw.complete !== false || !(raw.socket instanceof Socket)) return
      // A short rest is read by Node, and the connection goes on behind it.
      if (isLong(headers)) reply.header('connection', 'close')
      hangUpWhenAnswered(raw, hangUp)
    },
  }
}

/** Node calls `destroySoon` behind the last answer of a connection. */
function hangUpWhenAnswered(request: IncomingMessage, hangUp: (socket: Socket) => void): void {
  const socket: Partial<Pick<Socket, 'destroySoon'>> = request.socket
  const leaveItToNode = () => delete socket.destroySoon
  socket.destroySoon = () => {
    leaveItToNode()
    hangUp(request.socket)
  }
  request.once('close', leaveItToNode)
}

const isLong = (headers: IncomingMessage['headers']): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > limits.bodyBytes
