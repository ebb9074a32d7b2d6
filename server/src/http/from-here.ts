import type { IncomingMessage } from 'node:http'
import { isLoopback } from '../config/checks.ts'

/** What proxies say of whom they speak for. */
const forwarding = /^(?:x-forwarded(?:-.*)?|forwarded|via|x-real-ip)$/
const hostPattern = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/

/**
 * Whether a request, which came over loopback, was also made there: a proxy on this machine brings the requests of
 * everyone, and a page that was loaded elsewhere can have its name lead here. Proxies that name themselves in no header
 * and ask for loopback still show where they speak HTTP/1.0, as many do.
 */
export function isFromHere({ headers, httpVersion }: Pick<IncomingMessage, 'headers' | 'httpVersion'>): boolean {
  if (httpVersion === '1.0') return false
  const host = hostPattern.exec(headers.host ?? '')?.[1]
  if (host === undefined || !isLoopback(host)) return false
  for (const name in headers) if (forwarding.test(name)) return false
  return true
}
