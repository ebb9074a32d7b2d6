import { createHmac } from 'node:crypto'

export const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A token with this header and these claims, whatever they are, signed with HMAC-SHA-256. */
export function signed(header: unknown, claims: unknown, secret: string): string {
  const text = `${part(header)}.${part(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}
