import { systemSeams } from '../../../lib/system-seams.ts'
import { openSqliteEventLog } from '../event-log.ts'
import { openSqlite } from '../open.ts'

/**
 * A process of its own for tests: opens the folder, says so, then appends to the log until it is killed, and says of each
 * append when it was acknowledged.
 */
const [folder = '', user = 'carol'] = process.argv.slice(2)

async function writeUntilKilled(): Promise<void> {
  const db = await openSqlite({ folder }, systemSeams)
  const log = await openSqliteEventLog(db, systemSeams)
  say('open')
  for (let n = 0; ; n += 3) {
    await Promise.all(
      [n, n + 1, n + 2].map(async (upTo) => {
        const [outcome] = await log.append([{ kind: 'mark', user, mark: 'read', groupIds: null, upTo }])
        if (outcome?.stored === true) say(`${upTo} ${outcome.seq} ${outcome.appendedAt}`)
      }),
    )
  }
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

await writeUntilKilled().catch((error: unknown) => say(`refused: ${(error as Error).message}`))
