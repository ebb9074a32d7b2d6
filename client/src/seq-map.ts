/** The highest `seq` per id, for a bounded number of ids; past it the ones raised longest ago are forgotten. */
export class SeqMap {
  readonly #max: number
  readonly #seqs = new Map<string, number>()

  constructor(max: number) {
    this.#max = max
  }

  /** -1 for an unknown id. */
  get(id: string): number {
    return this.#seqs.get(id) ?? -1
  }

  raise(id: string, seq: number): void {
    const raised = Math.max(seq, this.get(id))
    this.#seqs.delete(id)
    this.#seqs.set(id, raised)
    if (this.#seqs.size <= this.#max) return
    for (const oldest of this.#seqs.keys()) {
      this.#seqs.delete(oldest)
      return
    }
  }
}
