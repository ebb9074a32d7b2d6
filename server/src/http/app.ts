import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { limits } from '@headwater/protocol'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify'
import type { Access } from '../access/access.ts'
import type { Principal } from '../access/principal.ts'
import type { RateVerdict } from '../access/rate-limits.ts'
import { HeadwaterError } from '../lib/error.ts'
import type { Metrics } from '../lib/metrics.ts'
import type { Seams } from '../lib/seams.ts'
import { Turns } from '../lib/turns.ts'
import type { IdempotencyStore } from '../ports/idempotency-store.ts'
import type { PartName } from '../wrapped/watched-parts.ts'
import { createAuthenticate, type RouteAccess } from './authenticate.ts'
import { createBodyBudget, createBodyReservation, type ReserveBody } from './body-budget.ts'
import { answerBrokenRequest } from './broken-request.ts'
import { tellDegraded } from './degraded.ts'
import { checkEnvelope, ignoreExpectations, refuseSecrets, serverOptions, urlLengthMax } from './envelope.ts'
import { createIdempotencyHooks, type Idempotency } from './idempotency.ts'
import { addJsonParser } from './json-body.ts'
import { isNewestOfConnection } from './last-answer.ts'
import { nameTypes } from './media-type.ts'
import { invalidField, invalidRequest, sendProblem, toHeadwaterError } from './problem.ts'
import { checkQuery, parseQuery } from './query-string.ts'
import type { AnswerQuickly, QuickPageDependencies } from './quick-pages.ts'
import { createRateLimit, createTakeRequest, limitsServer } from './rate-limit.ts'
import { logFailure, logSlow, type RequestLog, warnSlow } from './request-log.ts'
import { createRouteTable, type RouteTable } from './route-table.ts'
import { createCors, setSecurityHeaders } from './security-headers.ts'
import type { HttpSettings } from './settings.ts'
import './schema-fields.ts'
import { createUnreadBodies } from './unread-body.ts'
import { createSchemaCompiler, unknownFieldDetail } from './validation.ts'
import { filePath, sendFile, type WebApp, webAppMethods } from './web-app.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; missing on routes with `access: 'public'` alone. */
    principal?: Principal
    /** There when the request has an `Idempotency-Key`. */
    idempotency?: Idempotency
  }
  interface FastifyContextConfig {
    /** A route that does not say who may call it is not registered. */
    access?: RouteAccess
    /**
     * The route checks its body itself, item by item: what is JSON is parsed and its depth bounded, but neither its keys,
     * characters nor fields are looked at (see `badContent`), and `schema.body` is documentation alone.
     */
    checksBody?: boolean
    /** The route answers with a stream, which lasts as long as its reader wants and is no slow request. */
    streams?: boolean
  }
  interface FastifyInstance {
    routeTable: RouteTable
    /** What those need that answer before the framework sees a request. */
    quickly: Quickly
  }
}

/** For the few requests that are answered without the framework. */
export interface Quickly
  extends Pick<
    QuickPageDependencies,
    'access' | 'takeRequest' | 'onCounted' | 'hasCorsOrigins' | 'monotonic' | 'failing' | 'isLastAnswer'
  > {
  readonly reserveBody: ReserveBody
  /** Bodies by their bytes. */
  readonly turns: Turns
  readonly limitsServer: boolean
  isClosing(): boolean
  answered(method: string, route: string, status: number, elapsedMs: number): void
  use(answer: AnswerQuickly): void
}

/** Events of so many bytes are some milliseconds of work. */
const bytesPerTurn = 32 * 1024

/** Routes are added to it as `addUserRoutes(app, …)`, each with `config.access`, with TypeBox schemas as types. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

export interface AppDependencies {
  readonly access: Access
  readonly idempotency: IdempotencyStore
  readonly seams: Pick<Seams, 'clock' | 'scheduler'>
  readonly settings: HttpSettings
  readonly log: RequestLog
  readonly metrics?: Metrics
  /** Which parts fail at the moment; left out: none. */
  readonly failing?: () => readonly PartName[]
  /** Files for addresses that no route has. */
  readonly webApp?: WebApp
}

/** The HTTP server without routes, not listening: everything that holds for all of them. */
export function createApp(dependencies: AppDependencies): App {
  const { access, idempotency, seams, settings, log, metrics, failing = () => [], webApp } = dependencies
  const unread = createUnreadBodies(seams.scheduler)
  const options = {
    logger: false,
    // A server that closes finishes what comes on open connections, each the last one of its connection. A framework's own 503 would say
    // neither why nor when to come back.
    return503OnClosing: false,
    bodyLimit: limits.bodyBytes,
    requestTimeout: settings.requestTimeoutMs,
    http: {
      ...serverOptions,
      connectionsCheckingInterval: Math.min(1_000, settings.requestTimeoutMs),
      headersTimeout: settings.requestTimeoutMs,
    },
    trustProxy: settings.trustedProxies.length > 0 && [...settings.trustedProxies],
    clientErrorHandler: (error: Error, socket: Socket) => answerBrokenRequest(error, socket, unread),
    frameworkErrors: fail,
    routerOptions: { maxParamLength: urlLengthMax, querystringParser: parseQuery },
  } as const
  const app: App = fastify(options).withTypeProvider<TypeBoxTypeProvider>()
  const compileSchema = createSchemaCompiler()
  const authenticate = createAuthenticate(access, settings, seams.clock, log)
  const takeRequest = createTakeRequest(settings, seams.clock)
  const counted = new WeakMap<IncomingMessage, RateVerdict>()
  const rateLimit = createRateLimit(takeRequest, counted)
  const reserve = createBodyBudget(settings.maxBodyBytesInFlight)
  const reserveBody = createBodyReservation(reserve)
  const idempotent = createIdempotencyHooks(idempotency, seams.clock, log)
  const cors = createCors(settings)

  function fail(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    // What cannot be routed is answered without the hooks.
    if (!reply.hasHeader('x-content-type-options')) setSecurityHeaders(reply)
    const problem = nameTypes(toHeadwaterError(error), request)
    logFailure(log, request, problem)
    unread.leave(request, reply)
    return sendProblem(reply, problem)
  }

  app.decorate('routeTable', createRouteTable())
  app.decorateRequest('principal', undefined)
  app.decorateRequest('idempotency', undefined)
  app.setErrorHandler(fail)
  app.setNotFoundHandler(noRoute)
  app.setValidatorCompiler(compileSchema)
  // V8's JSON.stringify is faster than compiled response schemas, which are documentation alone.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  addJsonParser(app as unknown as FastifyInstance)
  ignoreExpectations(app.server)
  let isClosing = false
  app.addHook('preClose', (done) => {
    isClosing = true
    done()
  })
  app.decorate('quickly', {
    access,
    isClosing: () => isClosing,
    isLastAnswer: (request) => isClosing && isNewestOfConnection(request),
    takeRequest,
    onCounted: (request, verdict) => counted.set(request, verdict),
    hasCorsOrigins: settings.corsOrigins.length > 0,
    monotonic: () => seams.clock.monotonic(),
    failing,
    reserveBody: reserve,
    turns: new Turns(bytesPerTurn, seams),
    limitsServer: limitsServer(settings),
    answered(method, route, status, elapsedMs) {
      metrics?.observeRequest(method, route, status, elapsedMs / 1000)
      if (elapsedMs > settings.slowRequestMs) warnSlow(log, method, route, status, elapsedMs)
    },
    use: (answer) => answerFirst(app, answer, log),
  })

  app.addHook('onRoute', (route) => {
    if (!route.config?.access) throw new Error(`${route.method} ${route.url} does not say who may call it`)
    if (route.config.checksBody) {
      route.validatorCompiler = (part) => (part.httpPart === 'body' ? () => true : compileSchema(part as never))
    }
    app.routeTable.add(route)
  })

  // With callbacks, since every request passes here: a promise each would cost more than what they do.
  app.addHook('onRequest', (request, reply, done) => {
    setSecurityHeaders(reply)
    if (cors(request, reply)) return
    checkEnvelope(request, reply)
    if (request.is404 || isOtherMethod(request) || hasEmptySegment(request)) {
      noRoute(request, reply)
      return
    }
    authenticate(request)
    rateLimit(request, reply)
    refuseSecrets(request)
    checkQuery(request)
    reserveBody(request, reply)
    forgetTypeOfNothing(request)
    done()
  })
  app.addHook('preValidation', (request, reply, done) => {
    if (request.body !== undefined && request.routeOptions.schema?.body === undefined) refuseBody(request)
    if (!idempotent.isWanted(request)) return done()
    idempotent.begin(request, reply).then((isAnswered) => {
      if (!isAnswered) done()
    }, done)
  })
  app.addHook('onSend', (request, reply, payload, done) => {
    if (!idempotent.isRunning(request)) return done(null, payload)
    idempotent.end(request, reply, payload).then(() => done(null, payload), done)
  })
  app.addHook('onSend', (request, reply, payload, done) => {
    if (isClosing && isNewestOfConnection(request.raw)) reply.header('connection', 'close')
    done(null, payload)
  })
  // Behind the answer that is kept for an Idempotency-Key: what is down now is not down when it is given again.
  app.addHook('onSend', (request, reply, payload, done) => {
    done(null, tellDegraded(request, reply, payload, failing()))
  })
  app.addHook('onResponse', (request, reply, done) => {
    logSlow(log, request, reply, settings.slowRequestMs)
    metrics?.observeRequest(request.method, request.routeOptions.url, reply.statusCode, reply.elapsedTime / 1000)
    done()
  })
  return app

  function isOtherMethod(request: FastifyRequest): boolean {
    if (request.routeOptions.url?.includes(':') !== true) return false
    return app.routeTable.isOtherMethodOf(pathOf(request), request.method)
  }

  function noRoute(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    unread.leave(request, reply)
    const methods = app.routeTable.methodsOf(pathOf(request))
    const file = methods.length === 0 ? webApp?.get(filePath(pathOf(request))) : undefined
    const allowed = file ? webAppMethods : methods
    if (allowed.length === 0) return sendProblem(reply, new HeadwaterError('route_not_found'))
    refuseSecrets(request)
    if (file && webAppMethods.includes(request.method)) return sendFile(file, request, reply)
    reply.header('allow', allowed.join(', '))
    return sendProblem(reply, new HeadwaterError('method_not_allowed'))
  }
}

/**
 * Asks before the framework does, until the server closes. A fault in the quick way must not end the process, which it
 * would as no hook of the framework is around it: the route gives the answer then.
 */
function answerFirst({ server, quickly }: App, answer: AnswerQuickly, log: RequestLog): void {
  const framework = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[]
  server.removeAllListeners('request')
  server.on('request', (request, response) => {
    let isPassedOn = false
    const otherwise = () => {
      isPassedOn = true
      for (const listener of framework) listener.call(server, request, response)
    }
    if (quickly.isClosing()) {
      otherwise()
      return
    }
    try {
      if (!answer(request, response, otherwise)) otherwise()
    } catch (error) {
      log.error({ err: error }, 'a request could not be answered the quick way')
      if (isPassedOn || response.headersSent) response.destroy()
      else otherwise()
    }
  })
}

const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0] ?? ''

/** `/v1/users/` names no user: there is no such address, rather than nobody of that name. */
const hasEmptySegment = ({ params }: FastifyRequest): boolean => Object.values(params as object).includes('')

/** Clients that always name a type do so for requests without a body, too: there is nothing that could be of a wrong one. */
function forgetTypeOfNothing({ headers, routeOptions }: FastifyRequest): void {
  const { schema, config } = routeOptions
  if (schema?.body !== undefined || config.checksBody || headers['transfer-encoding'] !== undefined) return
  if (Number(headers['content-length'] ?? 0) === 0) delete headers['content-type']
}

/** For routes that take no body: an empty object does no harm, anything in it was meant for something. */
function refuseBody(request: FastifyRequest): void {
  const { body } = request
  if (request.routeOptions.config.checksBody || body === null) return
  if (typeof body !== 'object') throw invalidField('', 'invalid_type', 'This route takes no body.')
  const names = Object.keys(body as object).slice(0, 8)
  if (names.length === 0) return
  throw invalidRequest(
    names.map((name) => ({ path: name, code: 'unknown_field', detail: unknownFieldDetail(name, name, []) })),
  )
}
