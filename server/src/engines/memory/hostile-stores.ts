import { HeadwaterError, UnknownOutcome } from '../../lib/error.ts'
import type { GroupBatch, GroupStore, PutOutcome } from '../../ports/group-store.ts'
import { deepFrozen } from './deep-frozen.ts'
import type { HostileContext } from './hostile-log.ts'

/**
 * What the methods of a store do. `write`: safe to repeat, and may take effect late. `once`: safe to repeat, but must not
 * come late (it would undo what came between). `erase`: takes away, so everything late comes before it.
 */
type Kind = 'read' | 'write' | 'once' | 'erase'
export type Kinds<Port> = { readonly [Method in keyof Port]?: Kind }

/** Writes of several stores that take effect in the order in which they were issued. */
export type Line = <Answer>(run: () => Promise<Answer>) => Promise<Answer>

export function createLine(): Line {
  let last: Promise<unknown> = Promise.resolve()
  return (run) => {
    const next = last.then(run)
    last = next.catch(() => {})
    return next
  }
}

/**
 * A store as one process sees it. With a `line` its writes keep the order in which they were issued and none takes effect
 * without those before it, so nothing may be refused or unknown, save by a crash.
 */
export function hostileStore<Port extends AsyncDisposable>(
  name: string,
  port: Port,
  kinds: Kinds<Port>,
  { world, process }: HostileContext,
  line?: Line,
): Port {
  const refuse = () => {
    if (world.strikes('refused')) throw new HeadwaterError('store_unavailable', { retryAfterS: 1 })
  }

  async function write(kind: Kind, run: () => Promise<unknown>): Promise<unknown> {
    if (kind === 'erase') world.hurry(name)
    refuse()
    if (world.strikes('write.unknown_lost')) throw new UnknownOutcome(`${name}: not stored`)
    if (kind === 'write' && world.strikes('write.unknown_late')) {
      world.later(name, () => void run().catch(() => {}))
      throw new UnknownOutcome(`${name}: stored later`)
    }
    const answer = await run()
    if (world.strikes('write.unknown_applied')) throw new UnknownOutcome(`${name}: stored`)
    return answer
  }

  const method = (what: string, kind: Kind, run: () => Promise<unknown>): Promise<unknown> => {
    if (kind === 'read') {
      return process.call(what, async () => {
        refuse()
        return run()
      })
    }
    if (line) {
      const { life } = process
      return line(() => process.call(what, run, life))
    }
    return process.call(what, () => write(kind, run))
  }

  return new Proxy(port, {
    get(target, key) {
      if (key === Symbol.asyncDispose) return async () => {}
      const value: unknown = Reflect.get(target, key)
      const kind = (kinds as Readonly<Record<PropertyKey, Kind | undefined>>)[key]
      if (typeof value !== 'function' || !kind) return value
      return (...parts: unknown[]) => {
        const given = parts.map(deepFrozen)
        return method(`${name}.${String(key)}`, kind, () => value.apply(target, given))
      }
    },
  })
}

/** Of several batches some may be written and others not; each is whole. */
export function tornGroupStore(store: GroupStore, { world, process }: HostileContext, ordered: boolean): GroupStore {
  async function putInTurn(batches: readonly GroupBatch[]): Promise<readonly (readonly PutOutcome[])[]> {
    const torn = batches.length > 1 && world.strikes('write.torn') ? world.pick(batches.length) : batches.length
    const indexes = batches.map((_, i) => i)
    const outcomes: (readonly PutOutcome[])[] = []
    for (const i of (ordered ? indexes : world.shuffled(indexes)).slice(0, torn)) {
      const [outcome] = await store.putGroups([batches[i] as GroupBatch])
      outcomes[i] = outcome ?? []
    }
    if (torn === batches.length) return outcomes
    // With an order to keep, what was not written may not be passed over: only a crash explains it.
    if (ordered || world.pick(2) === 0) process.crash()
    throw new UnknownOutcome(`groups: ${torn} of ${batches.length} batches stored`)
  }

  return new Proxy(store, {
    get(target, key) {
      if (key === 'ordered') return ordered
      return key === 'putGroups' ? putInTurn : Reflect.get(target, key)
    },
  })
}
