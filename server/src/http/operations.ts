import { Type } from 'typebox'
import type { Metrics } from '../lib/metrics.ts'
import type { App } from './app.ts'

/** Which parts of the server work: `ok`, or what is wrong with it, without names of hosts or files. */
export interface Readiness {
  readonly ready: boolean
  readonly parts: Readonly<Record<string, string>>
}

export interface OperationRouteDependencies {
  readonly metrics: Metrics
  readiness(): Promise<Readiness>
  /** `/metrics` is open only to who is on the machine of a server that nobody else can reach. */
  readonly boundToLoopback: boolean
}

const tags = ['Operations']
const ReadinessAnswer = Type.Object({
  ready: Type.Boolean(),
  parts: Type.Record(Type.String(), Type.String()),
})

export function addOperationRoutes(
  app: App,
  { metrics, readiness, boundToLoopback }: OperationRouteDependencies,
): void {
  app.get(
    '/healthz',
    {
      config: { access: 'public' },
      schema: {
        summary: 'Is it alive?',
        tags,
        response: { 200: Type.Object({ status: Type.Literal('ok') }) as object },
      },
    },
    async () => ({ status: 'ok' as const }),
  )

  app.get(
    '/readyz',
    {
      config: { access: 'public' },
      schema: {
        summary: 'Can it serve?',
        tags,
        response: { 200: ReadinessAnswer as object, 503: ReadinessAnswer as object },
      },
    },
    async (_request, reply) => {
      const state = await readiness()
      return reply.code(state.ready ? 200 : 503).send(state)
    },
  )

  app.get(
    '/metrics',
    {
      config: { access: boundToLoopback ? 'serverFromAfar' : 'server' },
      schema: {
        summary: 'Metrics for Prometheus',
        description: 'Needs the API key, except on loopback for requests that no proxy brings.',
        tags,
        response: { 200: { content: { 'text/plain': { schema: Type.String() } } } as object },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  )
}
