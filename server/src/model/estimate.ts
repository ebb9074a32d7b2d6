import { HyperLogLog } from './hyper-log-log.ts'

/** How a group counts past the exact bound: what the sketch says now, above what it said when it took over. */
export interface Estimate {
  readonly sketch: HyperLogLog
  readonly base: number
}

/** As a row holds it. */
export const estimateText = ({ base, sketch }: Estimate): string => `${base}:${sketch.toBase64()}`

export function parseEstimate(text: string): Estimate {
  const colon = text.indexOf(':')
  return { base: Number(text.slice(0, colon)), sketch: HyperLogLog.fromBase64(text.slice(colon + 1)) }
}
