import type { IncomingMessage, ServerResponse } from 'node:http'
import { Type } from 'typebox'
import { ticketLengthMax } from '../access/tickets.ts'
import { HeadwaterError } from '../lib/error.ts'
import type { App } from './app.ts'
import { Exactly } from './schemas.ts'

/** Upgrades do not come as requests: what arrives here asks for none, by mistake or because a proxy took it away. */
export function addSocketRoute(app: App, url: string): void {
  app.get(
    url,
    {
      exposeHeadRoute: false,
      config: { access: 'public' },
      schema: {
        summary: 'Follow the stream (WebSocket)',
        description: 'Asks for an upgrade to `websocket`; `/asyncapi.json` has the frames.',
        tags: ['Streams'],
        response: { 101: Type.Null({ description: 'A WebSocket' }) as object },
        problems: ['upgrade_required'],
      },
    },
    async () => {
      throw new HeadwaterError('upgrade_required')
    },
  )
}

/** The event stream is the gateway's: it checks the token or ticket itself, and answers on the raw response. */
export function addStreamRoute(
  app: App,
  { handleStream }: { readonly handleStream: (request: IncomingMessage, reply: ServerResponse) => Promise<void> },
): void {
  app.get(
    '/v1/activities/stream',
    {
      // HEAD would open a stream that nobody reads.
      exposeHeadRoute: false,
      config: { access: 'public', streams: true },
      schema: {
        summary: 'Follow the stream (server-sent events)',
        description:
          'The frames of the socket as events: `event` is the type, `id` is `epoch:seq`, `Last-Event-ID` resumes. The token is in the Authorization header, or a ticket of `POST /v1/stream-tickets` in the query.',
        tags: ['Streams'],
        querystring: Exactly({ ticket: Type.Optional(Type.String({ minLength: 1, maxLength: ticketLengthMax })) }),
        security: [{ apiKey: [] }, { userToken: [] }, { streamTicket: [] }],
        response: { 200: { content: { 'text/event-stream': { schema: Type.String() } } } as object },
        problems: ['unauthenticated', 'forbidden', 'user_required', 'rate_limited', 'overloaded', 'store_unavailable'],
      },
    },
    async (request, reply) => {
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined) reply.raw.setHeader(name, value)
      }
      reply.hijack()
      await handleStream(request.raw, reply.raw)
    },
  )
}
