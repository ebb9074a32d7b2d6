import type { Clock } from '../lib/seams.ts'
import type { Ports } from '../ports/ports.ts'
import { wrapMethods } from './wrapped-port.ts'

/** What a server stands on, as answers, `/readyz` and metrics name it. */
export type PartName = 'log' | 'store' | 'users' | 'cache'

export const partNames: readonly PartName[] = ['log', 'store', 'users', 'cache']

export const portsOf: Readonly<Record<PartName, readonly (keyof Ports)[]>> = {
  log: ['log'],
  store: ['groups', 'members', 'objects', 'marks'],
  users: ['users', 'revocations', 'devices', 'idempotency'],
  cache: ['traces', 'unread', 'offline', 'pubSub', 'sessions', 'usedTickets'],
}

/** A part that nobody has called for this long is taken to be well again. */
const believedMs = 10_000

/** Which parts fail at the moment: from a call that fails until one that succeeds. */
export interface Parts {
  readonly failing: readonly PartName[]
  failed(part: PartName): void
}

/** The same ports, with what their calls say of the parts behind them. */
export function watchParts(ports: Ports, clock: Pick<Clock, 'monotonic'>): { ports: Ports; parts: Parts } {
  const failedAt = new Map<PartName, number>()
  const failed = (part: PartName): void => void failedAt.set(part, clock.monotonic())
  const watched: Record<string, unknown> = { ...ports }
  for (const part of partNames) {
    const told = {
      succeeded: () => void (failedAt.size > 0 && failedAt.delete(part)),
      failed: (error: unknown) => void (isPartsFault(error) && failed(part)),
    }
    for (const name of portsOf[part]) watched[name] = watching(ports[name] as object, told)
  }
  return {
    ports: watched as unknown as Ports,
    parts: {
      get failing() {
        if (failedAt.size === 0) return []
        const since = clock.monotonic() - believedMs
        return partNames.filter((part) => (failedAt.get(part) ?? Number.NEGATIVE_INFINITY) >= since)
      },
      failed,
    },
  }
}

const faults: ReadonlySet<string> = new Set(['store_unavailable', 'ingest_unavailable', 'storage_full'])

/** A refusal that blames the part, or an outcome that it left unknown. */
const isPartsFault = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  ('unknownOutcome' in error || ('code' in error && faults.has(String(error.code))))

interface Told {
  succeeded(): void
  failed(error: unknown): void
}

const watching = (port: object, { succeeded, failed }: Told): object =>
  wrapMethods(port, (run) => (...given) => {
    const result = run(...given)
    // Looked at from the side: the caller has the same promise, and hears of a failure by itself.
    if (result instanceof Promise) result.then(succeeded, failed)
    return result
  })
