import type { Register } from './activity-group.ts'
import type { UserId } from './ids.ts'
import { newestFirst } from './register.ts'

/** Of each actor the last one. */
export function newestOfEach(registers: readonly Register[]): readonly Register[] {
  if (registers.length < 2) return [...registers]
  const newest = new Map(registers.map((register) => [register.actor, register]))
  return newest.size === registers.length ? [...registers] : [...newest.values()]
}

export function removeActor(list: { readonly actor: UserId }[], actor: UserId): void {
  const at = list.findIndex((each) => each.actor === actor)
  if (at >= 0) list.splice(at, 1)
}

/** Where it goes in a list that is newest first. */
export function placeAmong(list: readonly Placed[], one: Placed): number {
  let at = 0
  while (at < list.length && newestFirst(one, list[at] as Placed) >= 0) at++
  return at
}

type Placed = Parameters<typeof newestFirst>[0]
