import { limits } from '@headwater/protocol'

const tagPattern = /^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*$/

/** The first language of an `Accept-Language` header; `null` when it names none. */
export function localeOf(acceptLanguage: string | undefined): string | null {
  const first = acceptLanguage?.split(/[,;]/, 1)[0]?.trim() ?? ''
  return first.length <= limits.localeLength && tagPattern.test(first) ? first : null
}
