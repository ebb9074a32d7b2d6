export interface Piece {
  readonly text: string
  readonly isName: boolean
  /** Where it starts in the sentence. */
  readonly at: number
}

/** Cuts a sentence at the names that stand in it, in their order. What is not found stays plain; nothing gets lost. */
export function namesIn(sentence: string, names: readonly string[]): readonly Piece[] {
  const pieces: Piece[] = []
  let done = 0
  const push = (end: number, isName: boolean) => {
    if (end > done) pieces.push({ text: sentence.slice(done, end), isName, at: done })
    done = Math.max(done, end)
  }
  for (const name of names) {
    const at = sentence.indexOf(name, done)
    if (name === '' || at < 0) continue
    push(at, false)
    push(at + name.length, true)
  }
  push(sentence.length, false)
  return pieces
}
