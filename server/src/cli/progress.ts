import type { Io } from './command.ts'

/** Shows how far something has come: a bar that is redrawn on a terminal, else a line now and then. */
export interface Progress {
  /** `total` is null where nobody knows it: then the note alone is shown. */
  show(done: number, total: number | null, note: string): void
  /** Leaves the line that the bar was on. */
  end(): void
}

const barWidth = 28
const redrawMs = 100
const lineEveryMs = 5_000

export function createProgress(
  io: Pick<Io, 'err' | 'isTerminal'>,
  write = (text: string) => void process.stderr.write(text),
): Progress {
  let shownAt = Number.NEGATIVE_INFINITY
  let drawn = 0
  return {
    show(done, total, note) {
      const now = performance.now()
      const isLast = total !== null && done >= total
      if (!isLast && now - shownAt < (io.isTerminal ? redrawMs : lineEveryMs)) return
      shownAt = now
      const line = total === null ? note : barText(done, total, note)
      if (!io.isTerminal) return io.err(line)
      write(`\r${line.padEnd(drawn)}`)
      drawn = line.length
    },
    end() {
      if (drawn > 0) write('\n')
      drawn = 0
    },
  }
}

export function barText(done: number, total: number, note: string): string {
  const share = total <= 0 ? 1 : Math.min(1, Math.max(0, done / total))
  const full = Math.floor(share * barWidth)
  return `[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}] ${String(Math.floor(share * 100)).padStart(3)} %  ${note}`
}
