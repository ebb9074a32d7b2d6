import { temporaryFolder } from '../../src/engines/sqlite/testing/temporary-folder.ts'
import { PatientClient } from './patient-client.ts'
import { type CrashPlan, ServerLives } from './server-lives.ts'
import { SurvivingSocket } from './surviving-socket.ts'
import { targets, Workload } from './workload.ts'

/** A server on a folder of its own, those who call it, and a socket for everyone who is told something. */
export interface Stage extends Disposable {
  readonly folder: string
  readonly lives: ServerLives
  readonly client: PatientClient
  readonly workload: Workload
  readonly sockets: readonly SurvivingSocket[]
}

export async function openStage(plans: readonly CrashPlan[], seed: number): Promise<Stage> {
  using opening = new DisposableStack()
  const folder = opening.use(temporaryFolder())
  const lives = opening.use(new ServerLives(folder.path, plans))
  const client = new PatientClient(lives)
  const sockets: SurvivingSocket[] = []
  for (const user of targets) sockets.push(opening.use(await SurvivingSocket.open(lives, client, user)))
  const opened = opening.move()
  return {
    folder: folder.path,
    lives,
    client,
    workload: new Workload(client, seed),
    sockets,
    [Symbol.dispose]: () => opened.dispose(),
  }
}
