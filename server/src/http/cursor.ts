import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { limits } from '@headwater/protocol'
import { HeadwaterError } from '../lib/error.ts'

/** What a cursor is good for: one principal, one list, one filter. */
export interface CursorScope {
  readonly principal: string
  readonly list: string
  readonly filter: string
}

/**
 * Cursors are positions under a seal. The scope is sealed but not carried, so a cursor says nothing about whom it belongs
 * to, and another user, list or filter breaks the seal as any other change does.
 */
export interface Cursors {
  seal(scope: CursorScope, position: unknown): string
  /** Throws `bad_cursor` for whatever was not sealed here for this scope. */
  open(scope: CursorScope, cursor: string): unknown
}

const sealBytes = 16

/** New cursors are sealed with the first secret; those of the others (the previous one, in a rotation) still open. */
export function createCursors(secrets: readonly string[]): Cursors {
  const keys = secrets.map((secret) => createSecretKey(secret, 'utf8'))
  return {
    seal(scope, position) {
      const content = Buffer.from(JSON.stringify(position))
      return Buffer.concat([sealOf(keys[0] as KeyObject, scope, content), content]).toString('base64url')
    },
    open(scope, cursor) {
      const bytes = cursor.length > limits.cursorLength ? Buffer.alloc(0) : Buffer.from(cursor, 'base64url')
      const seal = bytes.subarray(0, sealBytes)
      const content = bytes.subarray(sealBytes)
      // One position has one spelling: what decodes to the same bytes by leniency is refused as well.
      const isWhole = content.length > 0 && bytes.toString('base64url') === cursor
      if (!isWhole || !keys.some((key) => timingSafeEqual(sealOf(key, scope, content), seal))) {
        throw new HeadwaterError('bad_cursor')
      }
      return JSON.parse(content.toString('utf8'))
    },
  }
}

function sealOf(key: KeyObject, { principal, list, filter }: CursorScope, content: Buffer): Buffer {
  const scope = JSON.stringify(['cursor', principal, list, filter])
  return createHmac('sha256', key).update(`${scope}\n`).update(content).digest().subarray(0, sealBytes)
}
