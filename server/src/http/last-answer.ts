import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Whether no other request has come behind this one on its connection. One that came is under way already, and would find
 * the connection closed behind an answer that is the last one. Node keeps the request that it read last by the same field.
 */
export function isNewestOfConnection(request: IncomingMessage): boolean {
  const socket = request.socket as (Socket & { readonly parser?: { readonly incoming?: unknown } | null }) | null
  const newest = socket?.parser?.incoming
  return newest === undefined || newest === null || newest === request
}
