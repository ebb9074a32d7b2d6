/**
 * FNV-1a, 32 bits, over UTF-16 code units (Fowler, Noll, Vo 1991); `from` is where it begins. Values are stored and decide
 * where records lie, so they never change.
 */
export function fnv1a(text: string, from = 0x811c9dc5): number {
  let hash = from
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
