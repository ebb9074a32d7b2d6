import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { Clock, Random } from '../lib/seams.ts'
import type { UsedTickets } from '../ports/used-tickets.ts'
import type { Principal } from './principal.ts'

/**
 * Tickets for those who cannot send a header, such as a browser's `EventSource`: one use, 30 seconds. A ticket holds its
 * principal, sealed with the token secret, so any server of the cluster can take it.
 */
export interface Tickets {
  issue(principal: Principal): { readonly ticket: string; readonly expiresAt: number }
  /** Whom it was given to and when, once; `undefined` when it is unknown, used or late. Rejects when that cannot be known. */
  redeem(ticket: string): Promise<Redeemed | undefined>
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

/** By the slowest clock among the servers nobody may use it again. */
const rememberedMs = 2 * ticketLifeMs

/** `secrets`: sealed with the first, opened with any. `issuedNow`: the moment that what a principal gets now is issued at. */
export function createTickets(
  secrets: readonly string[],
  usedTickets: UsedTickets,
  clock: Clock,
  random: Random,
  issuedNow: (principal: Principal) => number,
): Tickets {
  const keys = secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', 'stream ticket', 32)))
  return {
    issue(principal) {
      const expiresAt = clock.now() + ticketLifeMs
      const nonce = random.bytes(nonceBytes)
      const seal = createCipheriv(cipher, keys[0] as Buffer, nonce)
      const sealed = [seal.update(JSON.stringify([expiresAt, principal, issuedNow(principal)]), 'utf8'), seal.final()]
      return { ticket: Buffer.concat([nonce, ...sealed, seal.getAuthTag()]).toString('base64url'), expiresAt }
    },
    async redeem(ticket) {
      const bytes = Buffer.from(ticket, 'base64url')
      // Text that is not written as a ticket is written would be the same ticket under another name.
      if (bytes.length <= nonceBytes + tagBytes || bytes.toString('base64url') !== ticket) return undefined
      for (const key of keys) {
        const opened = open(bytes, key)
        if (!opened) continue
        const [expiresAt, principal, issuedAtMs] = opened
        if (clock.now() >= expiresAt) return undefined
        const id = bytes.subarray(0, nonceBytes).toString('base64url')
        return (await usedTickets.use(id, rememberedMs)) ? { principal, issuedAtMs } : undefined
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
