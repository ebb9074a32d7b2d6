const inBytes = new Set(['copied', 'sealed', 'verified'])
const underWay: Readonly<Record<string, string>> = {
  checked: 'checking',
  folded: 'folding',
  placed: 'putting in place',
}

/** The note beside a bar: `copied 120 of 900 MiB`, or what is going on where nothing is counted. */
export function stepNote(what: string, done: number, total: number): string {
  if (inBytes.has(what)) return `${what} ${mebibytes(done)} of ${mebibytes(total)} MiB`
  return done < total ? (underWay[what] ?? what) : what
}

export const bytesText = (bytes: number): string => `${mebibytes(bytes)} MiB`

const mebibytes = (bytes: number): string => Math.ceil(bytes / 2 ** 20).toLocaleString('en')
