import { hash } from 'node:crypto'
import { limits } from '@headwater/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { principalName } from '../access/principal.ts'
import { HeadwaterError } from '../lib/error.ts'
import type { Clock } from '../lib/seams.ts'
import type { IdempotencyKey, IdempotencyStore, StoredAnswer } from '../ports/idempotency-store.ts'
import { mediaTypeOf } from './media-type.ts'
import { requirePrincipal } from './principal.ts'
import { invalidField } from './problem.ts'
import type { RequestLog } from './request-log.ts'
import { sendAsIs } from './send-as-is.ts'

/** What a route derives the ids from that it fills in, so that a run that is repeated writes the same again. */
export interface Idempotency {
  readonly seed: string
  /** When the first run began, milliseconds since 1970. */
  readonly startedAt: number
}

/**
 * `Idempotency-Key` on every POST. The run is noted before the handler starts and its answer before it is sent; a server
 * that dies in between leaves a run whose lease passes, and which then runs again with the same seed.
 */
const leaseMs = 30_000
const keyPattern = new RegExp(`^[\\x20-\\x7e]{1,${limits.idempotencyKeyLength}}$`)
const runs = new WeakMap<FastifyRequest, IdempotencyKey>()

export function createIdempotencyHooks(store: IdempotencyStore, clock: Clock, log: RequestLog) {
  return {
    isWanted: (request: FastifyRequest): boolean =>
      request.headers['idempotency-key'] !== undefined && request.method === 'POST' && request.principal !== undefined,
    isRunning: (request: FastifyRequest): boolean => runs.has(request),
    /** Before the body is validated, so that a refusal is kept as well. True when the answer was sent from the store. */
    async begin(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
      const key = keyOf(request)
      const outcome = await store.begin(key, bodyHash(request), clock.now(), leaseMs).catch(unavailable)
      switch (outcome.outcome) {
        case 'started':
          runs.set(request, key)
          request.idempotency = { seed: seedOf(key), startedAt: outcome.startedAt }
          return false
        case 'reused':
          throw new HeadwaterError('idempotency_key_reused')
        case 'running':
          // The lease is for a server that died; most runs are over long before.
          throw new HeadwaterError('idempotency_in_progress', { retryAfterS: 1 })
        case 'answered':
          replay(reply, outcome.answer)
          return true
      }
    },
    /** Keeps the answer, if it is one to keep. A failure here costs nothing: the run may be repeated. */
    async end(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<void> {
      const key = runs.get(request)
      if (!key) return
      runs.delete(request)
      try {
        if (!isKept(reply.statusCode)) return await store.abandon(key)
        const contentType = String(reply.getHeader('content-type') ?? '')
        const body = typeof payload === 'string' ? payload : ''
        await store.complete(key, { status: reply.statusCode, body, contentType })
      } catch (error) {
        log.warn({ err: error, route: request.routeOptions.url }, 'the answer to an Idempotency-Key was not kept')
      }
    },
  }
}

function replay(reply: FastifyReply, { status, contentType, body }: StoredAnswer): void {
  reply.header('idempotency-replayed', 'true').code(status)
  if (contentType) sendAsIs(reply, contentType, body)
  else reply.send()
}

const isKept = (status: number): boolean => status >= 200 && status < 500 && status !== 409 && status !== 429

function keyOf(request: FastifyRequest): IdempotencyKey {
  const header = request.headers['idempotency-key']
  if (typeof header !== 'string' || !keyPattern.test(header)) {
    const detail = `Idempotency-Key must be 1 to ${limits.idempotencyKeyLength} printable ASCII characters.`
    throw invalidField('Idempotency-Key', 'invalid_value', detail)
  }
  const principal = principalName(requirePrincipal(request))
  return { principal, route: `${request.method} ${request.url.split('?', 1)[0]}`, key: header }
}

const seedOf = ({ principal, route, key }: IdempotencyKey): string => hash('sha256', `${principal}\n${route}\n${key}`)

/** Of what was said, not of how it was spaced. The media type is part of it, since it decides what the bytes mean (its
 * parameters do not), and so are the headers that hold a CloudEvent in binary mode. */
function bodyHash(request: FastifyRequest): string {
  const { body } = request
  const bytes = Buffer.isBuffer(body) ? body : JSON.stringify(body ?? null)
  const attributes = Object.entries(request.headers).filter(([name]) => name.startsWith('ce-'))
  const envelope = JSON.stringify([mediaTypeOf(request), attributes.sort()])
  return hash('sha256', `${envelope}\n${hash('sha256', bytes)}`)
}

function unavailable(error: unknown): never {
  if (HeadwaterError.is(error)) throw error
  throw new HeadwaterError('store_unavailable', { detail: 'The Idempotency-Key cannot be checked now.', cause: error })
}
