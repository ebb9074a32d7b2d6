const counted = new Set(['copied', 'sealed', 'verified'])

/** The note beside a bar: `copied 120 of 900 MiB`, or the step alone where it is not counted in bytes. */
export const stepNote = (what: string, done: number, total: number): string =>
  counted.has(what)
    ? `${what} ${mebibytes(done)} of ${mebibytes(total)} MiB`
    : done < total
      ? `${what.replace(/ed$/, '')}ing`
      : what

export const bytesText = (bytes: number): string => `${mebibytes(bytes)} MiB`

const mebibytes = (bytes: number): string => Math.ceil(bytes / 2 ** 20).toLocaleString('en')
