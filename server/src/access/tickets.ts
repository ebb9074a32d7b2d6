import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { Clock, Random } from '../lib/seams.ts'
import type { Principal } from './principal.ts'

/**
 * Tickets for those who cannot send a header, such as a browser's `EventSource`: one use, 30 seconds. A ticket holds its
 * principal, sealed with the token secret, so any server of the cluster can take it. Which tickets were used is known to
 * the server that took them: one that is stolen within its 30 seconds could be used once more at another.
 */
export interface Tickets {
  issue(principal: Principal): { readonly ticket: string; readonly expiresAt: number }
  /** Whom it was given to and when, once; `undefined` when it is unknown, used or late. */
  redeem(ticket: string): Redeemed | undefined
}

export interface Redeemed {
  readonly principal: Principal
  /** What is revoked later refuses it. */
  readonly issuedAtMs: number
}

/** A user's ids are 128 characters each, four bytes of UTF-8 at most. */
export const ticketLengthMax = 2_048

const ticketLifeMs = 30_000
const cipher = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

/** `secrets`: sealed with the first, opened with any. `issuedNow`: the moment that what a principal gets now is issued at. */
export function createTickets(
  secrets: readonly string[],
  clock: Clock,
  random: Random,
  issuedNow: (principal: Principal) => number,
): Tickets {
  const keys = secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', 'stream ticket', 32)))
  // Of the last 30 to 60 seconds: what was used before has run out.
  let used = new Set<string>()
  let usedBefore = new Set<string>()
  let usedSince = clock.now()
  return {
    issue(principal) {
      const expiresAt = clock.now() + ticketLifeMs
      const nonce = random.bytes(nonceBytes)
      const seal = createCipheriv(cipher, keys[0] as Buffer, nonce)
      const sealed = [seal.update(JSON.stringify([expiresAt, principal, issuedNow(principal)]), 'utf8'), seal.final()]
      return { ticket: Buffer.concat([nonce, ...sealed, seal.getAuthTag()]).toString('base64url'), expiresAt }
    },
    redeem(ticket) {
      const bytes = Buffer.from(ticket, 'base64url')
      // Text that is not written as a ticket is written would be the same ticket under another name.
      if (bytes.length <= nonceBytes + tagBytes || bytes.toString('base64url') !== ticket) return undefined
      for (const key of keys) {
        const opened = open(bytes, key)
        if (!opened) continue
        const [expiresAt, principal, issuedAtMs] = opened
        const now = clock.now()
        if (now - usedSince > ticketLifeMs) {
          usedBefore = now - usedSince > 2 * ticketLifeMs ? new Set() : used
          used = new Set()
          usedSince = now
        }
        if (now >= expiresAt || used.has(ticket) || usedBefore.has(ticket)) return undefined
        used.add(ticket)
        return { principal, issuedAtMs }
      }
      return undefined
    },
  }
}

function open(bytes: Buffer, key: Buffer): [expiresAt: number, Principal, issuedAtMs: number] | undefined {
  const decipher = createDecipheriv(cipher, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()])
    return JSON.parse(text.toString('utf8')) as [number, Principal, number]
  } catch {
    return undefined
  }
}
