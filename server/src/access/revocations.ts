import type { Scheduler } from '../lib/seams.ts'
import type { UserId } from '../model/ids.ts'
import type { Revocation, RevocationStore } from '../ports/revocation-store.ts'
import type { UserPrincipal } from './principal.ts'

/**
 * Revoked tokens, all of them in memory. The store is the truth; what other servers revoke is read every second, so a
 * revocation holds everywhere within about a second, also when pub/sub is down.
 */
export interface Revocations extends AsyncDisposable {
  isRevoked(credential: Credential): boolean
  /** Durable when it resolves, and in force here. */
  revoke(what: { readonly userId: UserId } | { readonly tokenId: string }, now: number): Promise<void>
  /**
   * The first millisecond since 1970 in which this user's tokens are not refused. A token made now bears it where this
   * clock is behind the one by which they were revoked; so does the next revocation, which must refuse that token.
   */
  afterRevoked(user: UserId): number
  /** Reads what is new in the store. */
  refresh(): Promise<void>
  /** Called for every revocation that comes in, from here or elsewhere. */
  onRevoked(listener: (revocation: Revocation) => void): Disposable
}

/** What was given to a user: a token, or a ticket. */
export type Credential = Pick<UserPrincipal, 'user' | 'tokenId' | 'issuedAtMs'>

const refreshEveryMs = 1_000
/** No token is good for longer: it would come back to life. */
export const revocationKeptMs = 5 * 366 * 86_400_000

export async function openRevocations(
  store: RevocationStore,
  scheduler: Scheduler,
  onFailure: (error: unknown) => void,
): Promise<Revocations> {
  const users = new Map<UserId, number>()
  const tokens = new Set<string>()
  const listeners = new Set<(revocation: Revocation) => void>()
  let order = 0
  let running: Promise<void> | undefined

  const takeIn = (revocation: Revocation): void => {
    const { userId, tokenId, at } = revocation
    if (userId !== null) users.set(userId, Math.max(users.get(userId) ?? 0, at))
    if (tokenId !== null) tokens.add(tokenId)
    for (const listener of listeners) listener(revocation)
  }

  const readNew = async (): Promise<void> => {
    for (const revocation of await store.since(order)) {
      order = Math.max(order, revocation.order)
      takeIn(revocation)
    }
  }
  const refresh = async (): Promise<void> => {
    // One that already runs may have read before the caller's moment, so the caller's read starts behind it.
    while (running) await running.catch(() => {})
    running = readNew().finally(() => {
      running = undefined
    })
    await running
  }

  const afterRevoked = (user: UserId): number => Math.floor(users.get(user) ?? 0) + 1

  await refresh()
  const timer = scheduler.every(refreshEveryMs, () => {
    if (!running) refresh().catch(onFailure)
  })

  return {
    isRevoked: ({ user, tokenId, issuedAtMs }) =>
      issuedAtMs <= (users.get(user) ?? 0) || (tokenId !== null && tokens.has(tokenId)),
    async revoke(what, now) {
      const userId = 'userId' in what ? what.userId : null
      const tokenId = 'tokenId' in what ? what.tokenId : null
      // What cannot be read must not keep a revocation from being written.
      if (userId !== null) await refresh().catch(onFailure)
      const at = userId === null ? now : Math.max(now, afterRevoked(userId))
      // `order` stays: another server's revocation with a smaller order may not have been read yet.
      takeIn(await store.revoke({ userId, tokenId, at, expiresAt: now + revocationKeptMs }))
    },
    afterRevoked,
    refresh,
    onRevoked(listener) {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
    async [Symbol.asyncDispose]() {
      timer[Symbol.dispose]()
      await running?.catch(() => {})
    },
  }
}
