/** More header lines than this are refused; a browser sends about twenty. */
export const headersMax = 100

/** Headers that say one thing. Of two such lines a proxy may believe one and the server the other. */
const single: ReadonlySet<string> = new Set([
  'authorization',
  'content-encoding',
  'content-type',
  'host',
  'idempotency-key',
  'x-user-id',
])

/** The first header that may be there once and is there again. `rawHeaders`: names and values in turn, as they came. */
export function repeatedHeader(rawHeaders: readonly string[]): string | undefined {
  const seen: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    if (!single.has(name)) continue
    if (seen.includes(name)) return name
    seen.push(name)
  }
  return undefined
}
