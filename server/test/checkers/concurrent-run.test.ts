import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../src/engines/sqlite/testing/temporary-folder.ts'
import { describe, findingsOf } from './check-history.ts'
import { checkConvergence } from './convergence-checker.ts'
import { formatHistory, type History, observations, operations, parseHistory } from './history.ts'
import { concurrentRun } from './run/concurrent-run.ts'

/** `HEADWATER_SEED=17` makes other choices; `npm run test:long` goes on for longer and kills more often. */
const seed = Number(process.env.HEADWATER_SEED ?? 1)
const kills = Number(process.env.HEADWATER_KILLS ?? (process.env.HEADWATER_LONG ? 20 : 3))
const lifeMsMax = 1_500
/** A life needs time to start as well, and the machine may have others to serve. */
const timeoutMs = 60_000 + kills * 15_000

test(`all checkers agree with a server that sixteen clients use at once and that is killed ${kills} times (seed ${seed})`, {
  timeout: timeoutMs,
}, async (t) => {
  using folder = temporaryFolder()
  const history = await concurrentRun({ folder: folder.path, seed, kills, lifeMsMax })
  t.diagnostic(summary(history))
  assert.ok(operations(history, 'append').some(({ outcome }) => outcome === 'ok'))
  // As somebody else would read it.
  const read = parseHistory(formatHistory(history))
  const findings = [...findingsOf(read), ...describe('convergence', await checkConvergence(folder.path))]
  if (findings.length > 0) t.diagnostic(`the history is in ${keep(history)}`)
  assert.deepEqual(findings, [])
})

function summary(history: History): string {
  const ended = (outcome: string) => history.filter((entry) => entry.type === outcome).length
  const log = observations(history, 'log').at(-1)?.result.records.length
  return `${history.length} entries, ${ended('ok')} ok, ${ended('fail')} refused, ${ended('info')} unknown; ${log} records in the log`
}

function keep(history: History): string {
  const path = join(tmpdir(), `headwater-history-${seed}-${process.pid}.jsonl`)
  writeFileSync(path, formatHistory(history))
  return path
}
