import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Addresses, services as allServices, readAddresses, writeJson } from '../../scripts/services/set.ts'
import { removeSet, startServices } from '../../scripts/services/start.ts'
import { type Cpu, cpuSeconds } from './process-usage.ts'

/** Real services, one node each: those that HEADWATER_SERVICES names, else a set that is gone with the benchmark. */
export class BenchServices implements AsyncDisposable {
  readonly addresses: Addresses
  /** The file of addresses that a server reads. */
  readonly file: string
  readonly #end: () => Promise<void>

  private constructor(file: string, addresses: Addresses, end: () => Promise<void>) {
    this.file = file
    this.addresses = addresses
    this.#end = end
  }

  static async start(progress: (text: string) => void): Promise<BenchServices> {
    const given = process.env.HEADWATER_SERVICES
    if (given && existsSync(given)) return new BenchServices(given, readAddresses(given), async () => {})
    const started = await startServices({
      only: allServices,
      nodes: 1,
      cassandraHeap: '3g',
      mayInstall: process.getuid?.() === 0,
      log: progress,
    })
    const folder = mkdtempSync(join(tmpdir(), 'headwater-bench-services-'))
    const file = join(folder, 'services.json')
    writeJson(file, started.addresses)
    return new BenchServices(file, started.addresses, async () => {
      await removeSet(started.set)
      rmSync(folder, { recursive: true, force: true })
    })
  }

  /** CPU of each service so far, or of those named, seconds. */
  cpuSeconds(...names: readonly string[]): Cpu {
    const { pids } = this.addresses
    const asked = names.length === 0 ? Object.keys(pids) : names.filter((name) => name in pids)
    return Object.fromEntries(asked.map((name) => [name, cpuSeconds(pids[name] as number)]))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#end()
  }
}
