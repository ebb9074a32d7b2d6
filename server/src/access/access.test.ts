import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryUsedTickets } from '../engines/memory/used-tickets.ts'
import { type VirtualSeams, virtualSeams } from '../lib/virtual-seams.ts'
import type { Revocation, RevocationStore } from '../ports/revocation-store.ts'
import { type Access, openAccess } from './access.ts'
import { socketAccess } from './for-sockets.ts'
import { signToken, tokenSecret } from './jwt.ts'
import { createTickets } from './tickets.ts'

const tokenSecrets = ['current-secret', 'previous-secret']
const settings = { apiKeys: ['key-1', 'key-2'], tokenSecrets }
const alice = { userId: 'alice', ttlS: 60, deviceId: null }

function sharedStore(): RevocationStore & { down: boolean } {
  const all: Revocation[] = []
  return {
    down: false,
    async revoke(revocation) {
      const kept = { ...revocation, order: all.length + 1 }
      all.push(kept)
      return kept
    },
    async since(order) {
      if (this.down) throw new Error('down')
      return all.filter((revocation) => revocation.order > order)
    },
    purge: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}

async function opened(store = sharedStore(), seams: VirtualSeams = virtualSeams()) {
  const failures: unknown[] = []
  const usedTickets = memoryUsedTickets(new Map(), seams.clock)
  const access = await openAccess({ revocations: store, usedTickets }, settings, seams, (error) => failures.push(error))
  return { access, store, seams, failures, [Symbol.asyncDispose]: () => access[Symbol.asyncDispose]() }
}

const outcome = (access: Access, credential: string): string => {
  const result = access.authenticate(credential)
  return result.ok ? result.principal.kind : result.reason
}
/** Lets reads that a timer began come to their end. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

test('each API key is the server, anything near it is not', async () => {
  await using t = await opened()
  assert.equal(outcome(t.access, 'key-1'), 'server')
  assert.equal(outcome(t.access, 'key-2'), 'server')
  for (const text of ['key-', 'key-11', 'KEY-1', '', ' key-1']) assert.equal(outcome(t.access, text), 'invalid')
})

test('an issued token is good until its time is over, to the millisecond', async () => {
  await using t = await opened()
  const { token, token_id, expires_at } = await t.access.issue({ ...alice, deviceId: 'phone' })
  assert.equal(expires_at, t.seams.clock.now() + 60_000)
  const result = t.access.authenticate(token)
  assert.ok(result.ok)
  assert.deepEqual(result.principal, {
    kind: 'user',
    user: 'alice',
    tokenId: token_id,
    deviceId: 'phone',
    issuedAtMs: t.seams.clock.now(),
    expiresAtMs: expires_at,
  })
  t.seams.time.advance(59_999)
  assert.equal(outcome(t.access, token), 'user')
  t.seams.time.advance(1)
  assert.equal(outcome(t.access, token), 'expired')
  assert.equal(t.access.refusal(result.principal), 'expired')
})

test('revoking a user refuses what was issued up to now and nothing after, in the same millisecond', async () => {
  await using t = await opened()
  const before = await t.access.issue(alice)
  const bob = await t.access.issue({ ...alice, userId: 'bob' })
  await t.access.revoke({ userId: 'alice' })
  assert.equal(outcome(t.access, before.token), 'revoked')
  assert.equal(outcome(t.access, bob.token), 'user')
  const after = await t.access.issue(alice)
  assert.equal(outcome(t.access, after.token), 'user')
  await t.access.revoke({ userId: 'alice' })
  assert.equal(outcome(t.access, after.token), 'revoked')
  assert.equal(outcome(t.access, (await t.access.issue(alice)).token), 'user')
})

test('revoking a token leaves the others of its user', async () => {
  await using t = await opened()
  const [one, other] = [await t.access.issue(alice), await t.access.issue(alice)]
  await t.access.revoke({ tokenId: one.token_id })
  assert.deepEqual([outcome(t.access, one.token), outcome(t.access, other.token)], ['revoked', 'user'])
})

test('a revocation is still there after a restart', async () => {
  const store = sharedStore()
  const seams = virtualSeams()
  const first = await opened(store, seams)
  const { token } = await first.access.issue(alice)
  await first.access.revoke({ userId: 'alice' })
  await first[Symbol.asyncDispose]()
  await using second = await opened(store, seams)
  assert.equal(outcome(second.access, token), 'revoked')
})

test('another server hears of a revocation within a second, and tells its listeners', async () => {
  const store = sharedStore()
  const seams = virtualSeams()
  await using here = await opened(store, seams)
  await using there = await opened(store, seams)
  const { token } = await here.access.issue(alice)
  const heard: (string | null)[] = []
  there.access.onRevoked(({ userId }) => void heard.push(userId))
  assert.equal(outcome(there.access, token), 'user')
  await here.access.revoke({ userId: 'alice' })
  seams.time.advance(1_000)
  await settle()
  assert.equal(outcome(there.access, token), 'revoked')
  assert.deepEqual(heard, ['alice'])
})

test('a token made after a revocation elsewhere is good at once, however the clocks differ', async () => {
  const store = sharedStore()
  const slow = virtualSeams()
  const fast = virtualSeams({ now: slow.clock.now() + 5_000 })
  await using here = await opened(store, slow)
  await using there = await opened(store, fast)
  await there.access.revoke({ userId: 'alice' })
  const { token } = await here.access.issue(alice)
  assert.deepEqual([outcome(here.access, token), outcome(there.access, token)], ['user', 'user'])
})

test('and is refused by the next revocation, on whichever server', async () => {
  const store = sharedStore()
  const slow = virtualSeams()
  const fast = virtualSeams({ now: slow.clock.now() + 5_000 })
  await using here = await opened(store, slow)
  await using there = await opened(store, fast)
  await using third = await opened(store, slow)
  await there.access.revoke({ userId: 'alice' })
  const { token } = await here.access.issue(alice)
  slow.time.advance(900)
  await third.access.revoke({ userId: 'alice' })
  slow.time.advance(1_000)
  await settle()
  assert.deepEqual([outcome(here.access, token), outcome(third.access, token)], ['revoked', 'revoked'])
})

test('a revocation is made also while those of others cannot be read', async () => {
  await using t = await opened()
  const { token } = await t.access.issue(alice)
  t.store.down = true
  await t.access.revoke({ userId: 'alice' })
  assert.equal(outcome(t.access, token), 'revoked')
})

test('a store that is down for a while is read again', async () => {
  await using t = await opened()
  const { token } = await t.access.issue(alice)
  t.store.down = true
  await t.store.revoke({ userId: 'alice', tokenId: null, at: t.seams.clock.now(), expiresAt: Number.MAX_SAFE_INTEGER })
  t.seams.time.advance(1_000)
  await settle()
  assert.deepEqual([t.failures.length, outcome(t.access, token)], [1, 'user'])
  t.store.down = false
  t.seams.time.advance(1_000)
  await settle()
  assert.equal(outcome(t.access, token), 'revoked')
})

test('a listener that was taken away hears nothing', async () => {
  await using t = await opened()
  const heard: unknown[] = []
  t.access.onRevoked((revocation) => void heard.push(revocation))[Symbol.dispose]()
  await t.access.revoke({ userId: 'alice' })
  assert.deepEqual(heard, [])
})

test('a token ends before its revocation would, whatever it says', async () => {
  await using t = await opened()
  const yearS = 366 * 86_400
  const iat = t.seams.clock.now() / 1000
  const token = signToken({ sub: 'alice', iat, exp: iat + 100 * yearS }, tokenSecret('previous-secret'))
  assert.equal(outcome(t.access, token), 'user')
  t.seams.time.advance(5 * yearS * 1_000 - 1)
  assert.equal(outcome(t.access, token), 'user')
  t.seams.time.advance(1)
  assert.equal(outcome(t.access, token), 'expired')
  const inMilliseconds = { sub: 'alice', iat, exp: (iat + yearS) * 1_000 }
  assert.equal(outcome(t.access, signToken(inMilliseconds, tokenSecret('previous-secret'))), 'invalid')
})

test('a token of a faster clock is revoked with all others that were there, and one made later is not', async () => {
  await using t = await opened()
  const signed = () =>
    signToken(
      { sub: 'alice', iat: t.seams.clock.now() / 1000 + 30, exp: t.seams.clock.now() / 1000 + 600 },
      tokenSecret('previous-secret'),
    )
  const token = signed()
  assert.equal(outcome(t.access, token), 'user')
  t.seams.time.advance(10_000)
  await t.access.revoke({ userId: 'alice' })
  assert.equal(outcome(t.access, token), 'revoked')
  assert.equal(outcome(t.access, signed()), 'user')
})

test('a verified token that differs in one character is another token', async () => {
  await using t = await opened()
  const { token } = await t.access.issue(alice)
  assert.equal(outcome(t.access, token), 'user')
  assert.equal(outcome(t.access, `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`), 'invalid')
  assert.equal(outcome(t.access, token.toLowerCase()), 'invalid')
})

test('a ticket is good once and for thirty seconds', async () => {
  await using t = await opened()
  const principal = { kind: 'server', actingAs: 'alice' } as const
  const { ticket, expiresAt } = t.access.tickets.issue(principal)
  assert.equal(expiresAt, t.seams.clock.now() + 30_000)
  assert.equal(await t.access.tickets.redeem(`${ticket}x`), undefined)
  assert.deepEqual((await t.access.tickets.redeem(ticket))?.principal, principal)
  assert.equal(await t.access.tickets.redeem(ticket), undefined)
  const late = t.access.tickets.issue(principal)
  t.seams.time.advance(30_000)
  assert.equal(await t.access.tickets.redeem(late.ticket), undefined)
})

test('sockets are told why they are refused', async () => {
  await using t = await opened()
  const sockets = socketAccess(t.access)
  const { token } = await t.access.issue(alice)
  const expiring = await t.access.issue({ ...alice, ttlS: 1 })
  const reason = (credential: string, actingAs: string | null = null) => {
    const verdict = sockets.verifyBearer(credential, actingAs)
    return 'refused' in verdict ? verdict.refused : verdict.principal.user
  }
  assert.equal(reason(token), 'alice')
  assert.equal(reason(token, 'alice'), 'alice')
  assert.equal(reason(token, 'bob'), 'forbidden')
  assert.equal(reason('key-1'), 'user_required')
  assert.equal(reason('key-1', 'bob'), 'bob')
  assert.equal(reason('nonsense'), 'unauthenticated')
  t.seams.time.advance(1_000)
  assert.equal(reason(expiring.token), 'token_expired')
  const verdict = sockets.verifyBearer(expiring.token, null)
  assert.equal('detail' in verdict && verdict.detail, 'The token has expired.')
  await t.access.revoke({ userId: 'alice' })
  assert.equal(reason(token), 'token_revoked')
})

test('a ticket is taken by any server with the secret, also the one before, and by no other', async () => {
  const { clock, random } = virtualSeams({ seed: 1 })
  const principal = { kind: 'server' } as const
  const used = () => memoryUsedTickets(new Map(), clock)
  const giving = createTickets(['the old secret'], used(), clock, random, () => clock.now())
  const other = createTickets(['the new secret', 'the old secret'], used(), clock, random, () => clock.now())
  const stranger = createTickets(['a secret of its own'], used(), clock, random, () => clock.now())
  const { ticket } = giving.issue(principal)
  assert.equal(await stranger.redeem(ticket), undefined)
  for (let at = 0; at < ticket.length; at++) {
    const forged = ticket.slice(0, at) + (ticket[at] === 'A' ? 'B' : 'A') + ticket.slice(at + 1)
    assert.equal(await other.redeem(forged), undefined, `changed at ${at}`)
  }
  assert.equal(await other.redeem(''), undefined)
  assert.deepEqual((await other.redeem(ticket))?.principal, principal)
})

test('a ticket of a token that was revoked meanwhile opens no socket', async () => {
  await using t = await opened()
  const sockets = socketAccess(t.access)
  const { token } = await t.access.issue(alice)
  const result = t.access.authenticate(token)
  assert.ok(result.ok)
  const tickets = [t.access.tickets.issue(result.principal), t.access.tickets.issue(result.principal)]
  const redeemed = await sockets.redeemTicket(tickets[0]?.ticket ?? '')
  assert.equal(redeemed?.user, 'alice')
  await t.access.revoke({ userId: 'alice' })
  assert.equal(redeemed && sockets.isRevoked(redeemed), true)
  assert.equal(await sockets.redeemTicket(tickets[1]?.ticket ?? ''), undefined)
})

test('what an API key asked a ticket for ends with a revocation of its user, before and after it is open', async () => {
  await using t = await opened()
  const sockets = socketAccess(t.access)
  const ticket = () => t.access.tickets.issue({ kind: 'server', actingAs: 'alice' }).ticket
  const redeemed = await sockets.redeemTicket(ticket())
  const unused = ticket()
  assert.ok(redeemed && !sockets.isRevoked(redeemed))
  await t.access.revoke({ userId: 'alice' })
  const late = await sockets.redeemTicket(unused)
  const next = await sockets.redeemTicket(ticket())
  assert.ok(late && next)
  assert.deepEqual([redeemed, late, next].map(sockets.isRevoked), [true, true, false])
})
