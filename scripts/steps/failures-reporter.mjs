// A node:test reporter for people who want to know what failed: it prints failures, in full and as they happen,
// what tests print, and what they note (the seed of a random run). The totals go to the file that
// HEADWATER_TEST_TOTALS names, for scripts/test.mjs to add up, with what each file took where files are run one by one.
import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { inspect, styleText } from 'node:util'

const totalsFile = process.env.HEADWATER_TEST_TOTALS

export default async function* report(events) {
  const files = []
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') yield data.message
    // Diagnostics without a file are the runner's own totals.
    else if (type === 'test:diagnostic' && data.file !== undefined) yield `  ${data.message}\n`
    else if (type === 'test:fail' && !isEcho(data)) yield failure(data)
    else if (type === 'test:summary') {
      if (data.file !== undefined) files.push({ file: relative(process.cwd(), data.file), ms: data.duration_ms })
      else if (totalsFile !== undefined) writeFileSync(totalsFile, JSON.stringify({ ...data.counts, files }))
    }
  }
}

/** A test that failed only because one inside it did, which was reported already. */
function isEcho({ details }) {
  return details.error?.failureType === 'subtestsFailed'
}

function failure({ name, file, line, details }) {
  const place = file === undefined ? '' : `  (${relative(process.cwd(), file)}:${line})`
  const error = details.error?.cause ?? details.error
  const text = error?.stack === undefined ? inspect(error) : `${error.stack}${causeOf(error)}`
  return `${styleText('red', `✖ ${name}`)}${place}\n${text.replace(/^/gm, '    ')}\n`
}

/** What lies behind it: also the two errors of a disposal that failed behind a test that had failed. */
function causeOf({ cause, error, suppressed }) {
  return Object.entries({ cause, error, suppressed })
    .map(([name, behind]) => (behind === undefined ? '' : `\n[${name}] ${inspect(behind)}`))
    .join('')
}
