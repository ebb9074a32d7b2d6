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
    const at = findWhole(sentence, name, done)
    if (at < 0) continue
    push(at, false)
    push(at + name.length, true)
  }
  push(sentence.length, false)
  return pieces
}

/** Somebody may be called "a", and "and" does not name them. */
function findWhole(sentence: string, name: string, from: number): number {
  if (name === '') return -1
  for (let at = sentence.indexOf(name, from); at >= 0; at = sentence.indexOf(name, at + 1)) {
    const before = isOneWord(sentence.slice(0, at), name)
    if (!before && !isOneWord(name, sentence.slice(at + name.length))) return at
  }
  return -1
}

const endsWord = /[\p{L}\p{N}\p{M}]$/u
const startsWord = /^[\p{L}\p{N}\p{M}]/u
/** Written without spaces between words: there, letters side by side say nothing. */
const endsSpaceless = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}]$/u
const startsSpaceless = /^[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}]/u

function isOneWord(left: string, right: string): boolean {
  return endsWord.test(left) && startsWord.test(right) && !endsSpaceless.test(left) && !startsSpaceless.test(right)
}
