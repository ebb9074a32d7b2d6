import type { HttpErrorCode } from '@headwater/protocol'

declare module 'fastify' {
  interface FastifySchema {
    readonly summary?: string
    readonly description?: string
    readonly tags?: readonly string[]
    /** How a caller is known, where `config.access` does not say it. */
    readonly security?: readonly Readonly<Record<string, readonly string[]>>[]
    /** What this route refuses beyond what every route does. */
    readonly problems?: readonly HttpErrorCode[]
  }
}
