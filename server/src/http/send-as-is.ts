import type { FastifyReply } from 'fastify'

const asIs = (payload: unknown): string => String(payload)

/** Sends a text under exactly this type: Fastify would add a charset to every kind of JSON. */
export const sendAsIs = (reply: FastifyReply, contentType: string, body: string): FastifyReply =>
  reply.header('content-type', contentType).serializer(asIs).send(body)
