import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Seams } from '../lib/seams.ts'
import type { WishedLanguage } from '../model/wished-language.ts'
import type { SocketPrincipal } from './access.ts'
import { actingAs, Door, pathOf } from './door.ts'
import { refuseRequest, refuseUpgrade } from './refusal.ts'
import type { GatewaySettings } from './settings.ts'
import { acceptEventStream, resumeFrom } from './sse.ts'
import { createSwitchboard, type GatewayParts, type GatewayStats, type SessionOpening } from './switchboard.ts'
import type { Transport } from './transport.ts'
import { acceptWebSocket, createWebSocketServer } from './ws.ts'

export interface Gateway extends AsyncDisposable {
  /** `/ws/v1/activities`. Answers every upgrade, if only with a refusal. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** `GET /v1/activities/stream`. */
  handleStream(request: IncomingMessage, reply: ServerResponse): Promise<void>
  /** Takes no more sockets, sends those that are open away in batches, and resolves when they are gone. */
  drain(): Promise<void>
  stats(): GatewayStats
}

export const socketPath = '/ws/v1/activities'

export interface GatewayDependencies extends GatewayParts {
  readonly wishedLanguage: WishedLanguage
}

export function createGateway(parts: GatewayDependencies, settings: GatewaySettings, seams: Seams): Gateway {
  const switchboard = createSwitchboard(parts, settings, seams)
  const door = new Door(parts.access, settings, seams.clock)
  const webSockets = createWebSocketServer()
  const { wishedLanguage } = parts
  const { epoch } = parts.stream

  return {
    handleUpgrade(request, socket, head) {
      socket.on('error', destroyIt)
      if (pathOf(request) !== socketPath) {
        refuseUpgrade(socket, { code: 'route_not_found' })
        return
      }
      const refusal = door.check(request, switchboard.sockets, [])
      if (refusal) {
        refuseUpgrade(socket, refusal)
        return
      }
      const entry = door.bearer(request.headers)
      if (entry && 'code' in entry) {
        refuseUpgrade(socket, entry)
        return
      }
      acceptWebSocket(webSockets, request, socket, head, (transport) =>
        switchboard.open(openingOf(request, transport, entry?.principal ?? null)),
      )
    },

    async handleStream(request, reply) {
      const refusal = door.check(request, switchboard.sockets, ['ticket'])
      if (refusal) {
        refuseRequest(reply, refusal)
        return
      }
      const entry = await door.entry(request)
      if (reply.destroyed) return
      if ('code' in entry) {
        refuseRequest(reply, entry)
        return
      }
      const { principal } = entry
      if (!switchboard.hasRoom(principal)) {
        refuseRequest(reply, { code: 'rate_limited', detail: 'This user has too many open streams.', retryAfterS: 5 })
        return
      }
      const resume = resumeFrom(request.headers['last-event-id'])
      acceptEventStream(request, reply, epoch, (transport) =>
        switchboard.openStarted(openingOf(request, transport, principal), resume),
      )
    },

    drain() {
      door.open = false
      return switchboard.drain()
    },

    stats: () => switchboard.stats(),

    async [Symbol.asyncDispose]() {
      door.open = false
      await switchboard[Symbol.asyncDispose]()
    },
  }

  function openingOf(
    { headers }: IncomingMessage,
    transport: Transport,
    principal: SocketPrincipal | null,
  ): SessionOpening {
    return { transport, principal, locale: wishedLanguage(headers['accept-language']), actingAs: actingAs(headers) }
  }
}

/** A function of its own: one made for each upgrade would keep the request for as long as the socket lives. */
function destroyIt(this: Duplex): void {
  this.destroy()
}
