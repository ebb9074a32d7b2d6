import { createHash } from 'node:crypto'

const batchLength = 65_536

/**
 * Everything that happens in a run, a line each, in a running hash: two runs of one seed must come to the same one. The
 * lines themselves are kept only when somebody wants to compare them.
 */
export class Trace {
  /** Null when nobody wants them. */
  readonly lines: string[] | null
  readonly #hash = createHash('sha256')
  #batch = ''
  #count = 0

  constructor(keepsLines: boolean) {
    this.lines = keepsLines ? [] : null
  }

  get count(): number {
    return this.#count
  }

  note(line: string): void {
    this.#count++
    this.lines?.push(line)
    this.#batch += line
    this.#batch += '\n'
    if (this.#batch.length >= batchLength) this.#flush()
  }

  /** Of all lines so far; none may follow. */
  digest(): string {
    this.#flush()
    return this.#hash.digest('hex').slice(0, 32)
  }

  #flush(): void {
    this.#hash.update(this.#batch)
    this.#batch = ''
  }
}
