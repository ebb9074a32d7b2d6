// `npm run check-history -- FILE [DATA FOLDER]`: what the checkers find in a history, and in the data that it left.
import { readFileSync } from 'node:fs'
import { describe, historyCheckers } from './check-history.ts'
import { checkConvergence } from './convergence-checker.ts'
import { parseHistory } from './history.ts'

const shownMax = 20

const [file, folder] = process.argv.slice(2)
if (file === undefined) {
  console.error('Which history? npm run check-history -- FILE [DATA FOLDER]')
  process.exitCode = 2
} else {
  const history = parseHistory(readFileSync(file, 'utf8'))
  console.log(`${history.length} entries`)
  for (const [name, check] of Object.entries(historyCheckers)) show(name, describe(name, check(history)))
  if (folder !== undefined) show('convergence', describe('convergence', await checkConvergence(folder)))
}

function show(name: string, findings: readonly string[]): void {
  console.log(`${findings.length === 0 ? '✔' : '✖'} ${name}: ${findings.length} violations`)
  for (const finding of findings.slice(0, shownMax)) console.log(`  ${finding}`)
  if (findings.length > 0) process.exitCode = 1
}
