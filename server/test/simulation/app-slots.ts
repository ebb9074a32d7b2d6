import type { Duplex } from 'node:stream'
import { type AssembleOptions, createRoutes, type Features } from '../../src/assemble.ts'
import type { Config } from '../../src/config/secrets.ts'
import type { App } from '../../src/http/app.ts'
import type { Log } from '../../src/lib/log.ts'
import type { Seams } from '../../src/lib/seams.ts'

type Parts = Omit<Features, keyof AsyncDisposable>

/** What the routes of one server process stand on. */
export interface Occupant {
  readonly features: Parts
  readonly seams: Seams
  readonly log: Log
}

/**
 * The routes of a server, compiled once and lent to one process of the simulation after the other: compiling them takes
 * longer than most runs. What they call is looked up when it is called.
 *
 * A process that dies leaves requests behind in here. They wait for answers of its engines that never come, so none of
 * them goes on in the name of the next occupant.
 */
export class AppSlot {
  occupant: Occupant | null = null
  readonly #app: App

  private constructor(app: App) {
    this.#app = app
  }

  static async create(config: Config): Promise<AppSlot> {
    const held: { slot?: AppSlot } = {}
    const current = () => held.slot?.occupant
    const features = standIn(() => current()?.features) as Parts
    const options: AssembleOptions = {
      config,
      seams: standIn(() => current()?.seams) as Seams,
      log: standIn(() => current()?.log) as Log,
      webFolder: null,
      checkEngines: async () => ({}),
    }
    const slot = new AppSlot(await createRoutes(features, options))
    await slot.#app.ready()
    held.slot = slot
    return slot
  }

  /** Takes a connection, as if it had come in by a port. */
  accept(socket: Duplex): void {
    this.#app.server.emit('connection', socket)
  }
}

/**
 * Stands for what `find` will find when it is needed: reading a property gives its value, or a stand-in where the value is
 * an object, a function, or not there yet; calling it calls what is found then, as the method of `owner`.
 */
function standIn(find: () => unknown, owner: () => unknown = () => undefined): unknown {
  const inner = new Map<PropertyKey, unknown>()
  return new Proxy(() => {}, {
    get(_, name) {
      const here = find()
      const value: unknown = here === undefined ? undefined : Reflect.get(here as object, name)
      const isValue = value !== undefined && value !== null && typeof value !== 'object' && typeof value !== 'function'
      if (isValue || (here !== undefined && value === null)) return value
      const known = inner.get(name) ?? standIn(() => propertyOf(find(), name), find)
      inner.set(name, known)
      return known
    },
    apply: (_, __, given: unknown[]) => Reflect.apply(find() as () => unknown, owner(), given),
  })
}

const propertyOf = (target: unknown, name: PropertyKey): unknown =>
  target === undefined || target === null ? undefined : Reflect.get(target as object, name)
