import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeadwaterError, UnknownOutcome } from '../../lib/error.ts'
import { errorOf, type FailureKind, isStatementLost, kindOf } from './postgres-errors.ts'

const answer = (code: string, severity = 'ERROR') => Object.assign(new Error(code), { code, severity })
const system = (code: string) => Object.assign(new Error(code), { code })

const cases: readonly (readonly [what: string, error: unknown, writing: FailureKind, reading: FailureKind])[] = [
  ['a value that cannot be kept', answer('22021'), 'own', 'own'],
  ['a constraint', answer('23505'), 'own', 'own'],
  ['a mistake in a statement', answer('42601'), 'own', 'own'],
  ['no rights', answer('42501'), 'own', 'own'],
  ['a full disk', answer('53100'), 'full', 'full'],
  ['a full disk under the write-ahead log', answer('53100', 'PANIC'), 'unknown', 'down'],
  ['a full disk in another language', answer('53100', 'PANIK'), 'unknown', 'down'],
  ['no memory', answer('53200'), 'busy', 'busy'],
  ['a deadlock', answer('40P01'), 'again', 'again'],
  ['a serialization failure', answer('40001'), 'again', 'again'],
  ['a statement that took too long', answer('57014'), 'busy', 'busy'],
  ['a lock that was not had', answer('55P03'), 'busy', 'busy'],
  ['a server that became a replica', answer('25006'), 'down', 'down'],
  ['a server that starts', answer('57P03', 'FATAL'), 'down', 'down'],
  ['a backend that was told to end', answer('57P01', 'FATAL'), 'unknown', 'down'],
  ['a crash elsewhere in the server', answer('57P02', 'FATAL'), 'unknown', 'down'],
  ['what a pooler says', answer('08P01', 'FATAL'), 'unknown', 'down'],
  ['an internal error', answer('XX000', 'PANIC'), 'unknown', 'down'],
  ['an error of the disk', answer('58030'), 'unknown', 'down'],
  ['a connection that broke', system('ECONNRESET'), 'unknown', 'down'],
  ['a network code of five letters', system('EPIPE'), 'unknown', 'down'],
  ['an answer that did not come', new Error('Query read timeout'), 'unknown', 'down'],
  ['something else', 'text', 'unknown', 'down'],
]

for (const [what, error, writing, reading] of cases) {
  test(`${what} is ${writing} for a write, ${reading} for a read`, () => {
    assert.deepEqual([kindOf(error, 'writing'), kindOf(error, 'reading')], [writing, reading])
    const connecting = kindOf(error, 'connecting')
    assert(connecting === 'down' || connecting === 'full', 'nothing was sent, so nothing is unknown')
  })
}

test('a prepared statement that a pooler lost is told from other failures', () => {
  assert.deepEqual(
    ['26000', '42P05', '42601'].map((code) => isStatementLost(answer(code))),
    [true, true, false],
  )
  assert.equal(isStatementLost(system('EPIPE')), false)
})

test('each kind is an error of ours, with its cause', () => {
  const cause = new Error('why')
  const codes = (['own', 'full', 'again', 'busy', 'down'] as const).map((kind) => {
    const error = errorOf(kind, cause)
    assert(HeadwaterError.is(error))
    assert.equal(error.cause, cause)
    return error.code
  })
  assert.deepEqual(codes, ['internal', 'storage_full', ...Array(3).fill('store_unavailable')])
  const unknown = errorOf('unknown', cause)
  assert(UnknownOutcome.is(unknown) && unknown.cause === cause)
})
