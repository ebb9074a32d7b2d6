const factors: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, b: 1e9, t: 1e12 }

/** `200M`, `500k`, `1.5M`, `12_000`, `12,000`: the number, or `undefined` for what is none. */
export function humanNumber(text: string): number | undefined {
  const match = /^(\d{1,3}(?:[,_]\d{3})+|\d{1,15})(\.\d{1,6})? ?([kmgbt]?)$/i.exec(text.trim())
  if (!match) return undefined
  const [, whole = '', fraction = '', suffix = ''] = match
  const value = Number(whole.replaceAll(/[,_]/g, '') + fraction) * (factors[suffix.toLowerCase()] ?? Number.NaN)
  return Number(value.toPrecision(15))
}
