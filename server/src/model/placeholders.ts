/** A text cut at its placeholders: one more part between them than names. */
export interface CutText {
  readonly names: readonly string[]
  readonly between: readonly string[]
}

/** Names stand in braces: `{actors}`, `{object.dative}`. */
export function placeholdersOf(text: string): CutText {
  const parts = text.split(/\{([\w.]+)\}/)
  return { names: parts.filter((_, at) => at % 2 === 1), between: parts.filter((_, at) => at % 2 === 0) }
}
