// `npm run bench`: runs the benchmarks that are named, or all, and writes what they found to `bench/results` and
// `docs/benchmarks.md`. `--quick` only shows that they work and writes nothing.
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Benchmark } from './measuring/benchmark.ts'
import { describeMachine } from './measuring/machine.ts'
import { printOutcome, saveOutcome, writePage } from './measuring/report.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, page: { type: 'boolean', default: false } },
})
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -3))
  .sort()
const unknown = positionals.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  console.error(`No benchmark ${unknown.join(', ')}; there are ${names.join(', ')}.`)
  process.exit(1)
}

let failed = 0
for (const name of values.page ? [] : positionals.length > 0 ? positionals : names) {
  const { default: benchmark } = (await import(new URL(`./${name}.ts`, import.meta.url).href)) as { default: Benchmark }
  console.log(`\n${benchmark.title}`)
  const machine = describeMachine()
  try {
    const outcome = await benchmark.run({ quick: values.quick, progress: (text) => console.log(`  … ${text}`) })
    printOutcome(outcome)
    if (!values.quick) saveOutcome(benchmark, outcome, machine)
  } catch (error) {
    failed++
    console.error(error)
  }
}
if (!values.quick) writePage()
process.exit(failed === 0 ? 0 : 1)
