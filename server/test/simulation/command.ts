// `npm run sim`: any number of runs of the simulation, or one of them again. See docs/internals/simulation.md.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Run, replayCommand, runSeeds } from './run-seeds.ts'
import { simulate } from './simulation.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    from: { type: 'string' },
    seeds: { type: 'string', default: '100' },
    operations: { type: 'string', default: '500' },
    threads: { type: 'string' },
    trace: { type: 'string' },
    hashes: { type: 'boolean', default: false },
  },
})
const operations = Number(values.operations)
// Connections that ended without a word leave timers of real time behind, which nobody needs to wait for.
process.exit(values.seed === undefined ? await runMany() : await runOne(Number(values.seed)))

async function runOne(seed: number): Promise<number> {
  const report = await simulate(seed, { operations, keepsTrace: values.trace !== undefined })
  if (values.trace !== undefined) {
    writeFileSync(values.trace, `${report.trace?.join('\n')}\n`)
    console.log(`${report.steps} steps are in ${values.trace}`)
  }
  console.log(
    `seed ${seed}: ${report.records} records, ${report.steps} steps, ${report.virtualMs} ms, hash ${report.hash}`,
  )
  console.log(`${report.trouble}; ${report.ahead} counts ahead of their position, ${report.halfway} of none`)
  console.log(report.failure ?? 'green')
  return report.failure === null ? 0 : 1
}

async function runMany(): Promise<number> {
  const first = values.from === undefined ? 1_000_000 + Math.floor(Math.random() * 1_000_000_000) : Number(values.from)
  const runs: Run[] = Array.from({ length: Number(values.seeds) }, (_, i) => ({ seed: first + i, operations }))
  let done = 0
  let red = 0
  const reports = await runSeeds(runs, {
    ...(values.threads === undefined ? {} : { threads: Number(values.threads) }),
    onReport(run, { failure }) {
      done++
      if (failure !== null) {
        red++
        console.error(`RED seed ${run.seed}: ${failure.split('\n').slice(0, 6).join('\n')}\n  ${replayCommand(run)}`)
      }
      if (!values.hashes && done % 50 === 0) console.log(`${done} of ${runs.length}, ${red} red`)
    },
  })
  if (values.hashes) for (const { seed, hash } of reports) console.log(`${seed} ${hash}`)
  else console.log(`${runs.length} runs from seed ${first}, ${operations} operations each: ${red} red`)
  return red === 0 ? 0 : 1
}
