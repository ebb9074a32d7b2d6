import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CostName, costsWith } from '../../server/src/cli/capacity/costs.ts'

const file = join(import.meta.dirname, '../../server/src/cli/capacity/unit-costs.json')

/**
 * Puts measured unit costs into the file that `headwater plan` reckons with: microseconds of CPU, or bytes, by name.
 * `source` says which benchmark, on what and when.
 */
export function saveUnitCosts(measured: Readonly<Partial<Record<CostName, number>>>, source: string): void {
  const before: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const entries = Object.entries(measured).map(([name, value]) => [
    name,
    { value: rounded(value), basis: 'measured', source },
  ])
  const after = costsWith({ ...(before as object), ...Object.fromEntries(entries) })
  writeFileSync(file, `${JSON.stringify(after, null, 2)}\n`)
}

/** Three digits: a run says no more than that. */
const rounded = (value: number): number => Number(value.toPrecision(3))
