import { createMetrics } from '../../server/src/lib/metrics.ts'

/** One metric as the server registers it. */
export interface Metric {
  readonly name: string
  readonly type: string
  readonly help: string
}

/** Every metric that a server exports, in the order in which it registers them. */
export async function exportedMetrics(): Promise<readonly Metric[]> {
  const text = await createMetrics().text()
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]))
  return [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name = '', help = '']) => ({
    name,
    help,
    type: types.get(name) ?? 'untyped',
  }))
}

/** The metrics that an expression asks for, without what a histogram adds to its name. */
export const metricsIn = (expression: string): string[] => [
  ...new Set([...expression.matchAll(/\bheadwater_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''))),
]
