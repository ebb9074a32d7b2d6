import { randomBytes } from 'node:crypto'
import { serverFlags } from '../../server/bin/pinned-node.mjs'
import { loadSettings } from '../../server/src/config/load.ts'
import type { Config } from '../../server/src/config/secrets.ts'
import { type ClusterEngines, openCluster } from '../../server/src/engines/cluster.ts'
import { systemSeams } from '../../server/src/lib/system-seams.ts'
import { Child } from './child.ts'
import { apiKey, tokenSecret } from './headwater.ts'
import type { BenchServices } from './services.ts'

/** A cluster of its own on running services: fresh topic, keyspace, schema and keys. */
export class BenchCluster {
  readonly services: BenchServices
  readonly #settings: Readonly<Record<string, string | number>>

  constructor(services: BenchServices, settings: Readonly<Record<string, string | number>>) {
    this.services = services
    this.#settings = { 'cluster.namespace': `bench_${randomBytes(4).toString('hex')}`, ...settings }
  }

  /** A process with these roles. */
  start(
    roles: string,
    settings: Readonly<Record<string, string | number>> = {},
  ): Promise<Child<{ readonly url: string }>> {
    const given = Object.entries({ ...this.#settings, ...settings, roles }).map(([key, value]) => `${key}=${value}`)
    return Child.start(new URL('./cluster-program.ts', import.meta.url), [this.services.file, ...given], serverFlags)
  }

  /** The engines in this process, for what a benchmark puts in beforehand and looks at afterwards. */
  engines(): Promise<ClusterEngines> {
    return openCluster(this.config(), systemSeams)
  }

  config(): Config {
    const { settings } = loadSettings({
      environment: { HEADWATER_SERVICES: this.services.file },
      flags: Object.entries({ engine: 'cluster', ...this.#settings }).map(([key, value]) => [key, String(value)]),
    })
    return { ...settings, access: { apiKeys: [apiKey], tokenSecrets: [tokenSecret] }, isDevelopment: false }
  }
}
