/**
 * Whether a page of this origin may open a stream. A request without `Origin` does not come from a browser's page, so
 * there is nobody whom a foreign page could use. Compared are whole origins, never parts of their text.
 */
export function isOriginAllowed(
  origin: string | undefined,
  host: string | undefined,
  allowedOrigins: readonly string[],
): boolean {
  if (origin === undefined) return true
  const page = URL.parse(origin)
  // Browsers write an origin in one way only; whatever else means the same is not from one.
  if (!page || page.origin !== origin || (page.protocol !== 'http:' && page.protocol !== 'https:')) return false
  if (allowedOrigins.some((allowed) => allowed === '*' || URL.parse(allowed)?.origin === page.origin)) return true
  if (host === undefined) return false
  // A proxy may speak TLS for us, so the scheme is the page's; it decides which port may be left out.
  return URL.parse(`${page.protocol}//${host}`)?.host === page.host
}
