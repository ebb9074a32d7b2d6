// `npm run sabotage`: every mistake of the list, made in a copy of the sources, must turn its tests red; without it they
// must be green. `npm run sabotage -- NAME…` tries those alone.
import { availableParallelism } from 'node:os'
import { styleText } from 'node:util'
import { MissingError, type Service } from '../../../scripts/services/set.ts'
import { startOwnServices } from '../cluster/nodes/own-services.ts'
import { runSuite, type SuiteResult } from './run-suite.ts'
import { sabotages } from './sabotages.ts'
import { type Suite, type SuiteName, suites } from './suites.ts'
import { TreeCopy } from './tree-copy.ts'

const names = process.argv.slice(2)
const unknown = names.filter((name) => !sabotages.some((sabotage) => sabotage.name === name))
const chosen = sabotages.filter(({ name }) => names.length === 0 || names.includes(name))
const isRoot = process.getuid?.() === 0

if (unknown.length > 0) {
  console.error(
    `There is no sabotage ${unknown.join(', ')}; there are:\n${sabotages.map(({ name }) => `  ${name}`).join('\n')}`,
  )
  process.exitCode = 2
} else process.exitCode = (await tryAll()) ? 0 : 1

async function tryAll(): Promise<boolean> {
  using open = new DisposableStack()
  await using running = new AsyncDisposableStack()
  const missing = await startNeeded(running)
  const copies = Array.from({ length: Math.min(2, availableParallelism()) }, () => open.use(new TreeCopy()))
  const lackOf = (suite: SuiteName): string | undefined => {
    const { needsRoot = false, needs = [] }: Suite = suites[suite]
    return needsRoot && !isRoot ? 'needs root' : needs.length > 0 ? missing : undefined
  }
  const used = [...new Set(chosen.map(({ suite }) => suite))].filter((suite) => lackOf(suite) === undefined)
  const clean = await shareOut(copies, used, async (copy, suite) => {
    const result = await runSuite(copy.path, suites[suite])
    line('nothing', suite, result, result.verdict === 'green')
    return result.verdict === 'green'
  })
  const noticed = await shareOut(copies, chosen, async (copy, { name, suite, edits }) => {
    const lack = lackOf(suite)
    if (lack !== undefined) {
      console.log(styleText('yellow', `! ${name}: SKIPPED, ${suite} ${lack}`))
      return true
    }
    using _ = copy.edit(edits)
    const result = await runSuite(copy.path, suites[suite])
    line(name, suite, result, result.verdict === 'red')
    return result.verdict === 'red'
  })
  const survivors = noticed.filter((isNoticed) => !isNoticed).length
  console.log(`${noticed.length - survivors} of ${noticed.length} sabotages noticed`)
  return survivors === 0 && clean.every((isGreen) => isGreen)
}

/** What cannot be started, for people; nothing when all of it runs, at the addresses that the environment names. */
async function startNeeded(running: AsyncDisposableStack): Promise<string | undefined> {
  const only = [...new Set(chosen.flatMap(({ suite }): readonly Service[] => (suites[suite] as Suite).needs ?? []))]
  if (only.length === 0 || process.env.HEADWATER_SERVICES) return undefined
  try {
    process.env.HEADWATER_SERVICES = running.use(await startOwnServices(1, only)).file
    return undefined
  } catch (error) {
    if (error instanceof MissingError) return `needs what is not here: ${error.message}`
    throw error
  }
}

/** Each copy takes the next task as soon as it is free. */
async function shareOut<T>(
  copies: readonly TreeCopy[],
  tasks: readonly T[],
  run: (copy: TreeCopy, task: T) => Promise<boolean>,
): Promise<readonly boolean[]> {
  const results: boolean[] = []
  const rest = tasks.entries()
  await Promise.all(
    copies.map(async (copy) => {
      for (const [i, task] of rest) results[i] = await run(copy, task)
    }),
  )
  return results
}

function line(what: string, suite: SuiteName, { verdict, seconds, output }: SuiteResult, isAsWanted: boolean): void {
  const mark = isAsWanted ? styleText('green', '✔') : styleText('red', '✖')
  console.log(`${mark} ${what.padEnd(34)} ${suite.padEnd(16)} ${verdict.padEnd(7)} ${seconds.toFixed(1).padStart(6)} s`)
  if (!isAsWanted) console.log(output.split('\n').slice(-60).join('\n'))
}
