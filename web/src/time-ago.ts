const steps: readonly (readonly [limitS: number, divisor: number, unit: Intl.RelativeTimeFormatUnit])[] = [
  [60, 1, 'second'],
  [3_600, 60, 'minute'],
  [86_400, 3_600, 'hour'],
  [604_800, 86_400, 'day'],
  [Number.POSITIVE_INFINITY, 604_800, 'week'],
]
const relative = new Intl.RelativeTimeFormat('en', { style: 'narrow', numeric: 'auto' })

/** "3m ago"; under ten seconds, and for what a faster clock wrote, "now". */
export function timeAgo(time: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - time) / 1_000))
  if (seconds < 10) return 'now'
  const step = steps.find(([limitS]) => seconds < limitS)
  return step ? relative.format(-Math.floor(seconds / step[1]), step[2]) : ''
}
