import { hash, timingSafeEqual } from 'node:crypto'

/** SHA-256. */
export const digestOf = (text: string): Buffer => hash('sha256', text, 'buffer')

/** Tells whether a digest is that of a key. Only digests are kept, and each is compared in constant time. */
export function createApiKeys(keys: readonly string[]): (digest: Buffer) => boolean {
  const digests = keys.map(digestOf)
  return (given) => {
    let found = false
    for (const digest of digests) if (timingSafeEqual(digest, given)) found = true
    return found
  }
}
