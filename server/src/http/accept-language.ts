const headerLengthMax = 256
const tagPattern = /^[a-z]{2,8}(?:-[a-z0-9]{1,8}){0,4}$/i

/** The language tag that the caller wants most (RFC 9110, section 12.5.4); `null` when none is named. */
export function preferredLocale(header: string | undefined): string | null {
  if (header === undefined || header.length > headerLengthMax) return null
  let best: string | null = null
  let bestWeight = 0
  for (const part of header.split(',')) {
    const [tag = '', ...parameters] = part.split(';').map((text) => text.trim())
    const weight = weightOf(parameters)
    if (weight <= bestWeight || !tagPattern.test(tag)) continue
    best = tag
    bestWeight = weight
  }
  return best
}

function weightOf(parameters: readonly string[]): number {
  const found = parameters.find((parameter) => /^q=/i.test(parameter))
  if (found === undefined) return 1
  const weight = Number(found.slice(2))
  return weight >= 0 && weight <= 1 ? weight : 0
}
