import type { IncomingMessage } from 'node:http'
import type { EventsAccepted as Accepted } from '@headwater/protocol'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { ItemError } from '../activity/event-item.ts'
import type { Ingest, SubmitContext } from '../activity/ingest.ts'
import { HeadwaterError } from '../lib/error.ts'
import type { App } from './app.ts'
import { bytesOf } from './body-budget.ts'
import { addEventParsers, type EventsBody, readEventsBody } from './events-body.ts'
import { EventsAccepted, EventsContent, EventsRefused, TracedEvent } from './events-schema.ts'
import { type FieldError, invalidRequest, problemOf, problemType } from './problem.ts'
import { createQuickEvents } from './quick-events.ts'
import { sendAsIs } from './send-as-is.ts'

/** How many of the mistakes in a batch are listed in `errors` as well; `rejected` has them all. */
const errorsMax = 20

type IngestOfRoutes = Pick<Ingest, 'submitItems' | 'checkRoom' | 'trace'>

/** Says why nothing was taken in. */
export type Refuse = (reply: FastifyReply) => FastifyReply

export function addEventRoutes(app: App, { ingest }: { readonly ingest: IngestOfRoutes }): void {
  const refusals = new WeakMap<IncomingMessage, Refuse>()
  if (!app.quickly.limitsServer) {
    app.quickly.use(
      createQuickEvents({
        ...app.quickly,
        checkRoom: ingest.checkRoom,
        takeIn: (body, bytes) => takeIn(ingest, body, { bytes }),
        onRefused: (request, refuse) => refusals.set(request, refuse),
        onAnswered: (elapsedMs) => app.quickly.answered('POST', '/v1/events', 202, elapsedMs),
      }),
    )
  }
  // In a scope of its own, so that no other route takes Avro or CloudEvents.
  app.register(async (scope) => {
    addEventParsers(scope as unknown as FastifyInstance)
    addPost(scope as unknown as App, ingest, refusals)
    addGet(scope as unknown as App, ingest)
  })
}

function addPost(
  app: App,
  ingest: Pick<Ingest, 'submitItems' | 'checkRoom'>,
  refusals: WeakMap<IncomingMessage, Refuse>,
): void {
  app.post(
    '/v1/events',
    {
      config: { access: 'server', checksBody: true },
      // Before the body is read: when there is too much to do, saying no has to cost next to nothing.
      onRequest: (request, reply, done) => {
        const refuse = refusals.get(request.raw)
        if (refuse) {
          refuse(reply)
          return
        }
        ingest.checkRoom()
        done()
      },
      schema: {
        summary: 'Take in events',
        description:
          'One event or up to 1,000, as JSON, Avro or CloudEvents 1.0 (in binary mode: the attributes in `ce-` headers, the event as the JSON body). What is answered as accepted is durable.',
        tags: ['Events'],
        body: { content: EventsContent },
        response: { 202: EventsAccepted as object, 400: EventsRefused },
        problems: ['forbidden', 'overloaded', 'ingest_unavailable', 'storage_full'],
      },
    },
    async (request, reply) => {
      const body = readEventsBody(request as unknown as FastifyRequest)
      const context = { idempotency: request.idempotency, bytes: bytesOf(request.headers) }
      const answer = await takeIn(ingest, body, context)
      return typeof answer === 'function' ? answer(reply) : reply.code(202).send(answer)
    },
  )
}

async function takeIn(
  ingest: Pick<Ingest, 'submitItems'>,
  body: EventsBody,
  context: SubmitContext,
): Promise<Accepted | Refuse> {
  if ('error' in body) return (reply) => refuse(reply, body.error, body.index)
  const { errors, ...answer } = await ingest.submitItems(body.items, context)
  if (answer.accepted > 0) return answer
  return (reply) => refuseAll(reply, answer.rejected, fieldErrors(answer.rejected, errors, body.isBatch))
}

function addGet(app: App, ingest: Pick<Ingest, 'trace'>): void {
  app.get(
    '/v1/events/:event_id',
    {
      config: { access: 'server' },
      schema: {
        summary: 'What became of an event',
        description: 'For 24 h.',
        tags: ['Events'],
        params: Type.Object({ event_id: Type.String() }),
        response: { 200: TracedEvent as object },
        problems: ['forbidden', 'not_found', 'store_unavailable'],
      },
    },
    async (request) => {
      const found = await ingest.trace(request.params.event_id)
      if (!found) throw new HeadwaterError('not_found', { detail: 'No such event was accepted in the last 24 h.' })
      return found
    },
  )
}

function fieldErrors(
  rejected: Accepted['rejected'],
  errors: readonly ItemError[],
  isBatch: boolean,
): readonly FieldError[] {
  const ofItems = errors.slice(0, errorsMax).flatMap((error, i) => {
    const item = isBatch ? `events[${rejected[i]?.index}]` : ''
    return oneByOne(error).map((one) => ({ ...one, path: item && one.path ? `${item}.${one.path}` : item || one.path }))
  })
  return ofItems.slice(0, errorsMax)
}

/** Each field that is missing is an error of its own, as it is on every other route. */
const oneByOne = ({ missing, ...error }: ItemError): readonly FieldError[] =>
  missing?.map((name) => ({ path: name, code: 'required', detail: `"${name}" is required.` })) ?? [error]

/** The body as a whole is wrong; `index` is set when one of its events is to blame. */
function refuse(reply: FastifyReply, error: ItemError, index?: number): FastifyReply {
  const { code, detail } = error
  return refuseAll(reply, index === undefined ? [] : [{ index, code, detail }], [error])
}

function refuseAll(reply: FastifyReply, rejected: Accepted['rejected'], errors: readonly FieldError[]): FastifyReply {
  const problem = problemOf(invalidRequest(errors, rejected[0]?.detail))
  return sendAsIs(reply.code(problem.status), problemType, JSON.stringify({ ...problem, rejected }))
}
