import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { limits } from '@headwater/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '../access/principal.ts'
import { HeadwaterError } from '../lib/error.ts'
import { createBodyBudget, createBodyReservation } from './body-budget.ts'

const mebibyte = 1_048_576

function setUp(maxBytes: number) {
  const reserve = createBodyReservation(createBodyBudget(maxBytes))
  /** A request whose answer ends when the function it gives is called; `null` when it was refused. */
  return (principal: Partial<Principal>, headers: Record<string, string>): (() => void) | null => {
    const raw = new EventEmitter()
    try {
      const reply = { raw, header: () => reply }
      reserve({ principal, headers } as FastifyRequest, reply as unknown as FastifyReply)
      return () => void raw.emit('close')
    } catch (error) {
      assert.ok(HeadwaterError.is(error) && error.code === 'overloaded' && error.retryAfterS === 1)
      return null
    }
  }
}

const server = { kind: 'server' } as const
const user = (name: string) => ({ kind: 'user', user: name }) as const
const long = (bytes: number) => ({ 'content-length': String(bytes) })

test('bodies that are under way have a bound together, and the next one passes when one is done', () => {
  const ask = setUp(10 * mebibyte)
  const open = [4, 4, 2].map((size) => ask(server, long(size * mebibyte)))
  assert.ok(open.every((end) => end !== null))
  assert.equal(ask(server, long(1)), null)
  assert.ok(ask(server, {}), 'without a body there is nothing to bound')
  open[2]?.()
  assert.ok(ask(server, long(2 * mebibyte)))
  assert.equal(ask(server, long(1)), null)
})

test('a body that does not say how long it is counts as the longest that is taken', () => {
  const ask = setUp(2 * limits.bodyBytes)
  for (const headers of [{ 'transfer-encoding': 'chunked' }, long(Number.MAX_VALUE)]) assert.ok(ask(server, headers))
  assert.equal(ask(server, long(1)), null)
})

test('users have a budget of their own, and one of them a share of it', () => {
  const ask = setUp(16 * mebibyte)
  const ends = [4, 4].map((size) => ask(user('mallory'), long(size * mebibyte)))
  assert.equal(ask(user('mallory'), long(1)), null)
  assert.ok(ask(user('carol'), long(4 * mebibyte)))
  assert.ok(ask(user('dave'), long(4 * mebibyte)))
  assert.equal(ask(user('erin'), long(1)), null)
  assert.ok(ask(server, long(4 * mebibyte)), 'and the API key another')
  ends[0]?.()
  assert.ok(ask(user('mallory'), long(2 * mebibyte)))
})
