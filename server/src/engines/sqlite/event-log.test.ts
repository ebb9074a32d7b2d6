import { eventLogSuite } from '../../conformance/event-log.ts'
import { systemSeams } from '../../lib/system-seams.ts'
import { openSqliteEventLog } from './event-log.ts'
import { restartLog } from './log-info.ts'
import { openSqlite } from './open.ts'
import { runOnSqlite } from './run-on-sqlite.ts'

runOnSqlite(eventLogSuite, {
  open: (db, seams) => openSqliteEventLog(db, seams),
  async loseLog(folder) {
    await using db = await openSqlite({ folder }, systemSeams)
    await restartLog(db, 4, systemSeams)
  },
})
