/** Where `text` stands, or would stand, in a list that is sorted by code unit. */
export function indexIn(sorted: readonly string[], text: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as string) < text) low = middle + 1
    else high = middle
  }
  return low
}

/** Keeps the list sorted and free of repetition. */
export function insert(sorted: string[], text: string): void {
  const index = indexIn(sorted, text)
  if (sorted[index] !== text) sorted.splice(index, 0, text)
}

export function remove(sorted: string[], text: string): void {
  const index = indexIn(sorted, text)
  if (sorted[index] === text) sorted.splice(index, 1)
}

/** Up to `limit` texts behind `after`. */
export function pageOf(sorted: readonly string[], after: string | null, limit: number): string[] {
  let start = after === null ? 0 : indexIn(sorted, after)
  if (after !== null && sorted[start] === after) start++
  return sorted.slice(start, start + limit)
}
