import type { JsonObject } from '@headwater/protocol'

/** The one that is there already, where both say the same in plain values: most likes of a post do, and it is kept once. */
export function sharedMetadata(known: JsonObject | null | undefined, next: JsonObject): JsonObject {
  if (!known) return next
  let fields = 0
  for (const name in next) {
    if (next[name] !== known[name] || !Object.hasOwn(known, name)) return next
    fields++
  }
  for (const _ in known) fields--
  return fields === 0 ? known : next
}
