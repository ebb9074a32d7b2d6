/** The language of an answer by its `Accept-Language`, one of those given; `null` when the header decides nothing. */
export type WishedLanguage = (acceptLanguage: string | undefined) => string | null

const headerLengthMax = 1_024
const rangesMax = 64
/** Programs and browsers send few different headers; whoever makes up new ones pays for nobody else. */
const rememberedMax = 500
const rememberedLengthMax = 128
const rangePattern = /^[a-z]{1,8}(?:-[a-z0-9]{1,8}){0,7}$/
const weightPattern = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/

/**
 * Of the ranges in the header, those of more weight first, the first one with a language (RFC 4647, section 3.4: `fr-BE` is
 * answered with `fr`). `*` wishes for nothing; what has weight 0 is not wanted.
 */
export function createWishedLanguage(languages: Iterable<string>): WishedLanguage {
  const known = new Set(languages)
  const remembered = new Map<string, string | null>()

  return function wishedLanguage(header) {
    if (header === undefined || header === '') return null
    const before = remembered.get(header)
    if (before !== undefined) return before
    const wished = header.length > headerLengthMax ? null : choose(header, known)
    if (header.length <= rememberedLengthMax) {
      if (remembered.size >= rememberedMax) remembered.clear()
      remembered.set(header, wished)
    }
    return wished
  }
}

function choose(header: string, known: ReadonlySet<string>): string | null {
  const ranges = header
    .toLowerCase()
    .split(',', rangesMax)
    .flatMap((text) => readRange(text) ?? [])
  const unwanted = new Set(ranges.filter(({ weight }) => weight === 0).map(({ range }) => range))
  // Sorting keeps the order of equal weights.
  for (const { range, weight } of ranges.sort((a, b) => b.weight - a.weight)) {
    const language = weight > 0 ? nearestLanguage(range, known) : undefined
    if (language !== undefined && !unwanted.has(language)) return language
  }
  return null
}

function readRange(text: string): { readonly range: string; readonly weight: number } | undefined {
  const [range = '', ...parameters] = text.split(';', 4).map((part) => part.trim())
  if (!rangePattern.test(range)) return undefined
  const written = parameters.find((parameter) => parameter.startsWith('q='))
  if (written === undefined) return { range, weight: 1 }
  const weight = weightPattern.exec(written)?.[1]
  return weight === undefined ? undefined : { range, weight: Number(weight) }
}

/** The longest prefix of the tag, in small letters, that is known: `de` for `de-at`. */
export function nearestLanguage(tag: string, known: { has(language: string): boolean }): string | undefined {
  const parts = tag.split('-')
  for (let length = parts.length; length > 0; length--) {
    const language = parts.slice(0, length).join('-')
    if (known.has(language)) return language
  }
  return undefined
}
