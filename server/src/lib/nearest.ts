/** The name most like `text`, for "did you mean"; `undefined` when none is within so many edits, by default near enough to be meant. */
export function nearest(
  text: string,
  names: Iterable<string>,
  within = Math.max(2, Math.floor(text.length / 2)),
): string | undefined {
  const wanted = text.toLowerCase()
  let best: string | undefined
  let bestDistance = within + 1
  for (const name of names) {
    const distance = editDistance(wanted, name.toLowerCase(), bestDistance)
    if (distance >= bestDistance) continue
    best = name
    bestDistance = distance
  }
  return best
}

/**
 * Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`; any number at or above `enough`
 * once it is clear that it takes that many.
 */
export function editDistance(a: string, b: string, enough = Number.POSITIVE_INFINITY): number {
  if (Math.abs(a.length - b.length) >= enough) return enough
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swap =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] as number) + 1 : replace
      current[j] = Math.min(replace, swap, (previous[j] as number) + 1, (current[j - 1] as number) + 1)
    }
    if (Math.min(...current) >= enough) return enough
    before = previous
    previous = current
  }
  return previous[b.length] as number
}
