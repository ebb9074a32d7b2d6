import type { DeviceId, UserId } from '../../model/ids.ts'
import type { DevicePosition, DeviceStore } from '../../ports/device-store.ts'
import type { PubSub, StreamMessage, Subscription } from '../../ports/pub-sub.ts'
import type { Session, SessionRegistry } from '../../ports/session-registry.ts'
import type { SocketAccess, SocketPrincipal, SocketRevocation, SocketVerdict } from '../access.ts'

/** Pub/sub by hand: what is published arrives when the test says so, as often and in the order it says. */
export class HandPubSub implements PubSub {
  readonly users = new Set<UserId>()
  readonly added: (readonly UserId[])[] = []
  failure: Error | null = null
  #on: { message(message: StreamMessage): void; gap(): void } | null = null

  async mayBeHeard(users: readonly UserId[]): Promise<readonly boolean[]> {
    return users.map(() => true)
  }

  async publish(messages: readonly StreamMessage[]): Promise<void> {
    for (const message of messages) if (this.users.has(message.user)) this.#on?.message(message)
  }

  gap(): void {
    this.#on?.gap()
  }

  async subscribe(on: { message(message: StreamMessage): void; gap(): void }): Promise<Subscription> {
    if (this.failure) throw this.failure
    this.#on = on
    return {
      add: async (users) => {
        if (this.failure) throw this.failure
        this.added.push(users)
        for (const user of users) this.users.add(user)
      },
      remove: async (users) => {
        for (const user of users) this.users.delete(user)
      },
      [Symbol.asyncDispose]: async () => {},
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export class MapRegistry implements SessionRegistry {
  readonly entries = new Map<string, { readonly session: Session; readonly until: number }>()
  puts = 0

  async put(sessions: readonly Session[], now: number, ttlMs: number): Promise<void> {
    this.puts++
    for (const session of sessions) this.entries.set(session.sessionId, { session, until: now + ttlMs })
  }

  async remove(sessions: readonly Session[]): Promise<void> {
    for (const { sessionId } of sessions) this.entries.delete(sessionId)
  }

  async find(users: readonly UserId[], now: number): Promise<readonly (readonly Session[])[]> {
    const alive = [...this.entries.values()].filter(({ until }) => until > now)
    return users.map((user) => alive.map(({ session }) => session).filter((session) => session.user === user))
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export class MapDevices implements DeviceStore {
  readonly positions = new Map<string, DevicePosition>()
  writes = 0
  failure: Error | null = null

  async ack(acks: readonly DevicePosition[]): Promise<void> {
    if (this.failure) throw this.failure
    this.writes++
    for (const ack of acks) this.positions.set(`${ack.user} ${ack.device}`, ack)
  }

  async get(user: UserId, device: DeviceId): Promise<DevicePosition | undefined> {
    return this.positions.get(`${user} ${device}`)
  }

  async list(user: UserId): Promise<readonly DevicePosition[]> {
    return [...this.positions.values()].filter((position) => position.user === user)
  }

  async purge(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** `user`, `user/token`, or the key with a user to act for; what is in `revoked` or past its time is refused. */
export class ListAccess implements SocketAccess {
  readonly revoked = new Set<string>()
  readonly expired = new Set<string>()
  readonly tickets = new Map<string, SocketPrincipal>()
  expiresAtMs: number | null = null
  readonly #listeners = new Set<(revocation: SocketRevocation) => void>()

  verifyBearer(token: string, actingAs: UserId | null): SocketVerdict {
    if (token === 'api-key')
      return actingAs === null ? { refused: 'user_required' } : { principal: this.principal(actingAs) }
    if (token.startsWith('bad')) return { refused: 'unauthenticated' }
    if (this.expired.has(token)) return { refused: 'token_expired' }
    if (this.revoked.has(token)) return { refused: 'token_revoked' }
    const [user = ''] = token.split('/')
    if (actingAs !== null && actingAs !== user) return { refused: 'forbidden' }
    return { principal: { ...this.principal(user), tokenId: token } }
  }

  principal(user: UserId): SocketPrincipal {
    return { user, tokenId: null, deviceId: null, issuedAtMs: 0, expiresAtMs: this.expiresAtMs }
  }

  async redeemTicket(ticket: string): Promise<SocketPrincipal | undefined> {
    const principal = this.tickets.get(ticket)
    this.tickets.delete(ticket)
    return principal
  }

  isRevoked({ tokenId }: SocketPrincipal): boolean {
    return tokenId !== null && this.revoked.has(tokenId)
  }

  onRevoked(listener: (revocation: SocketRevocation) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  revoke(token: string, revocation: SocketRevocation): void {
    this.revoked.add(token)
    for (const listener of this.#listeners) listener(revocation)
  }
}
