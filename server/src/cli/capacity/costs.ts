import shipped from './unit-costs.json' with { type: 'json' }

/** What one operation costs: microseconds of CPU (`…Us`), or bytes (`…Bytes`). */
export type CostName = keyof typeof shipped

export interface UnitCost {
  readonly value: number
  /** `measured` on Headwater or its services, or `estimated` from what the source says. */
  readonly basis: 'measured' | 'estimated'
  readonly source: string
}

export type UnitCosts = Readonly<Record<CostName, UnitCost>>

export const shippedCosts = shipped as UnitCosts

/** The shipped costs with those of a file in their place; throws a `RangeError` that names what is wrong. */
export function costsWith(content: unknown): UnitCosts {
  if (!isObject(content)) throw new RangeError('expected a JSON object of unit costs')
  const given = Object.entries(content).map(([name, cost]) => [name, costOf(name, cost)] as const)
  return { ...shippedCosts, ...Object.fromEntries(given) }
}

function costOf(name: string, cost: unknown): UnitCost {
  if (!Object.hasOwn(shippedCosts, name)) {
    throw new RangeError(`there is no unit cost ${name}; known are ${Object.keys(shippedCosts).join(', ')}`)
  }
  const { value, basis, source } = isObject(cost) ? cost : {}
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
    throw new RangeError(`${name}.value: expected a number above 0, not ${JSON.stringify(value)}`)
  }
  if (basis !== 'measured' && basis !== 'estimated') {
    throw new RangeError(`${name}.basis: expected measured or estimated, not ${JSON.stringify(basis)}`)
  }
  if (typeof source !== 'string' || source === '') throw new RangeError(`${name}.source: expected where it comes from`)
  return { value, basis, source }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
