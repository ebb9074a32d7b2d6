import { sha256 } from '../lib/sha256.ts'
import { type GroupKey, keyText } from './event.ts'
import type { GroupId, Seq, UserId } from './ids.ts'

/**
 * A group's id follows from its key and the position that opened it. It begins with the complement of `createdAt`, so ids
 * sort as groups are listed, newest first, and each store can find the month of a group from its id alone.
 */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const timeDigits = 9
const timeSpan = 2 ** 45
const pattern = /^[0-9a-hjkmnp-tv-z]{25}$/

export function groupIdOf(user: UserId, key: GroupKey, createdAt: number, openedSeq: Seq): GroupId {
  const digest = sha256(`${user}\u001f${keyText(key)}\u001f${openedSeq}`)
  return timeDigitsOf(createdAt) + base32(digest, 10)
}

export const isGroupId = (text: string): boolean => pattern.test(text) && text.charCodeAt(0) <= 0x7a

/** `createdAt` of the group with this id. */
export function createdAtOf(groupId: GroupId): number {
  let complement = 0
  for (const digit of groupId.slice(0, timeDigits)) complement = complement * 32 + alphabet.indexOf(digit)
  return timeSpan - 1 - complement
}

/** Ids of groups created at or after `createdAt` sort below this text. */
export const idBoundAt = (createdAt: number): string => `${timeDigitsOf(createdAt)}~`

function timeDigitsOf(createdAt: number): string {
  let rest = timeSpan - 1 - createdAt
  let text = ''
  for (let i = 0; i < timeDigits; i++) {
    text = (alphabet[rest % 32] as string) + text
    rest = Math.floor(rest / 32)
  }
  return text
}

/** Of the first `count` characters, a byte each. */
function base32(bytes: string, count: number): string {
  let text = ''
  let value = 0
  let bits = 0
  for (let i = 0; i < count; i++) {
    value = (value << 8) | bytes.charCodeAt(i)
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet[(value >>> bits) & 31]
    }
    value &= (1 << bits) - 1
  }
  return text
}
