/**
 * The list with `one` at its end, in place where it can be. An empty array that something is pushed to gets room for 17;
 * where there are very many lists, and most of them stay at one, that is most of what they weigh.
 */
export function appended<T>(list: T[], one: T): T[] {
  if (list.length === 0) return [one]
  list.push(one)
  return list
}
