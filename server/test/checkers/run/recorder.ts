import type { HistoryEntry, Vocabulary } from '../history.ts'

type Name = keyof Vocabulary

/** Ends an operation: with its answer, with the certainty that it did nothing, or without knowing. */
export interface Ending<F extends Name> {
  ok(result: Vocabulary[F]['result']): void
  fail(): void
  unknown(): void
}

/** Writes down what happens, as it happens, by one clock. */
export class Recorder {
  readonly entries: HistoryEntry[] = []

  invoke<F extends Name>(f: F, proc: string, user: string, args: Vocabulary[F]['args']): Ending<F> {
    this.#add({ proc, type: 'invoke', f, user, t: now(), args })
    const end = (type: 'ok' | 'fail' | 'info', result?: unknown) => this.#add({ proc, type, f, user, t: now(), result })
    return { ok: (result) => end('ok', result), fail: () => end('fail'), unknown: () => end('info') }
  }

  observe<F extends 'frame' | 'final' | 'log'>(
    f: F,
    proc: string,
    user: string | null,
    result: Vocabulary[F]['result'],
  ): void {
    this.#add({ proc, type: 'ok', f, user, t: now(), result })
  }

  /** Something that was done to the server. */
  note(f: string): void {
    this.#add({ proc: 'operator', type: 'info', f, user: null, t: now() })
  }

  #add(entry: HistoryEntry): void {
    this.entries.push(entry)
  }
}

/** The date, by a clock that never goes back. */
const now = (): number => performance.timeOrigin + performance.now()
