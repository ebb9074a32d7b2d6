import type { ReplayReport } from '../activity/replay.ts'
import type { VerifyReport } from '../activity/verify.ts'
import type { Config } from '../config/secrets.ts'
import type { Log } from '../lib/log.ts'

/** What the command line asks of `server.ts`: the one module that knows engines and features. */
export interface ServerModule {
  start(config: Config, options: { readonly log: Log }): Promise<RunningServer>
  /** Opens the data directory without serving; refused while a server has it. */
  openData(config: Config, options: { readonly log: Log }): Promise<DataTools>
}

export interface RunningServer {
  readonly url: string
  readonly apiKey: string
  readonly demoLogins: readonly { readonly user: string; readonly name: string; readonly url: string }[]
  /** Stops taking requests, lets go of its sockets, finishes what was accepted. */
  close(): Promise<void>
}

export interface DataTools extends AsyncDisposable {
  /** Counts everything again and compares; changes nothing. */
  verify(onProgress: OnProgress): Promise<VerifyReport>
  /** Folds the kept log into the views once more; what is there already stays as it is. */
  replay(onProgress: OnProgress): Promise<ReplayReport>
}

/** `total` is null where nobody knows it beforehand. */
export type OnProgress = (done: number, total: number | null) => void

export async function serverModule(): Promise<ServerModule> {
  const path: string = '../server.ts'
  return (await import(path)) as ServerModule
}
