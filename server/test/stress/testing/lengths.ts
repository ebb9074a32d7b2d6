import type { TestContext } from 'node:test'
import { seededRandom } from '../../../src/lib/virtual-seams.ts'

/** `npm run test:long` runs the lengths that the bars are written for, `npm test` what shows the same in seconds. */
export const isLong = process.env.HEADWATER_LONG !== undefined

export const length = (short: number, long: number): number => (isLong ? long : short)

/** A full length on a busy machine is longer than what other tests are given. */
export const patience = { timeout: 600_000 }

/** Decides whatever a scenario leaves to chance; HEADWATER_SEED runs one again. */
export const seed = Number(process.env.HEADWATER_SEED ?? 1)

export const chance = (): ReturnType<typeof seededRandom> => seededRandom(seed)

/** What a scenario came to, in one line that also says how to run it again. */
export function report(t: TestContext, figures: Readonly<Record<string, unknown>>): void {
  const shown = Object.entries(figures).map(([name, value]) => `${name} ${format(value)}`)
  t.diagnostic(`seed ${seed}${isLong ? ', long' : ''}: ${shown.join(' · ')}`)
}

const format = (value: unknown): string =>
  typeof value === 'number' ? value.toLocaleString('en', { maximumFractionDigits: 1 }) : String(value)
