import type { HttpErrorCode } from '@headwater/protocol'

declare module 'fastify' {
  interface FastifySchema {
    readonly summary?: string
    readonly description?: string
    readonly tags?: readonly string[]
    /** What this route refuses beyond what every route does. */
    readonly problems?: readonly HttpErrorCode[]
  }
}
