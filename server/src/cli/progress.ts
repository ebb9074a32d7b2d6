import type { Io } from './command.ts'

/** Shows how far something has come: a bar that is redrawn on a terminal, else a line now and then. */
export interface Progress {
  show(done: number, total: number, note: string): void
  /** Shows where it stands and leaves the line. */
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
  let waiting: string | undefined
  let drawn = 0
  const put = (line: string): void => {
    shownAt = performance.now()
    waiting = undefined
    if (io.isTerminal) {
      write(`\r${line.padEnd(drawn)}`)
      drawn = line.length
    } else io.err(line)
  }
  return {
    show(done, total, note) {
      const line = barText(done, total, note)
      if (performance.now() - shownAt >= (io.isTerminal ? redrawMs : lineEveryMs)) put(line)
      else waiting = line
    },
    end() {
      if (waiting !== undefined) put(waiting)
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
