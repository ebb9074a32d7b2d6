/** What the server has sentences in by itself. */
const spoken = new Set(['en', 'de', 'es', 'fr', 'ja', 'zh'])

/**
 * The language of summaries: the first of those that the browser asks for which the server has. `undefined` where that is
 * the page's own, or there is none.
 */
export function summaryLanguage(wanted: readonly string[]): string | undefined {
  const languages = wanted.map((tag) => tag.toLowerCase().replace(/-.*/, ''))
  const first = languages.find((language) => spoken.has(language))
  return first === 'en' ? undefined : first
}
