import { headersMax } from '../lib/header-lines.ts'

/** What programs and browsers send that changes nothing about an answer. */
const plainHeaders: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-charset',
  'cache-control',
  'connection',
  'cookie',
  'dnt',
  'pragma',
  'priority',
  'referer',
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-user',
  'sec-gpc',
  'user-agent',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
  'x-request-id',
])

/**
 * The headers that matter to a request, by their names in small letters. `undefined` when one of them is there twice, when
 * there is another that is not plain, or not one `Host`. Who is read from other sites looks at `Origin` elsewhere.
 */
export function headersThatMatter<Name extends string>(
  raw: readonly string[],
  names: readonly Name[],
  hasCorsOrigins: boolean,
): Partial<Record<Name, string>> | undefined {
  if (raw.length > headersMax * 2) return undefined
  const found: Partial<Record<Name, string>> = {}
  let hosts = 0
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    if (name === 'host') hosts++
    else if (isOneOf(name, names)) {
      if (found[name] !== undefined) return undefined
      found[name] = raw[i + 1] as string
    } else if (!plainHeaders.has(name) && (name !== 'origin' || hasCorsOrigins)) return undefined
  }
  return hosts === 1 ? found : undefined
}

const isOneOf = <Name extends string>(name: string, names: readonly Name[]): name is Name =>
  (names as readonly string[]).includes(name)
