import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeadwaterError, UnknownOutcome } from '../../lib/error.ts'
import { errorOf, type FailureKind, failureOf, type RequestKind } from './cassandra-errors.ts'

const response = (code: number) => Object.assign(new Error('server'), { name: 'ResponseError', code })
const named = (name: string, more: object = {}) => Object.assign(new Error(name), { name, ...more })
const socket = named('Error', { isSocketError: true, code: 'ECONNRESET' })
const noHost = (inner: unknown) => named('NoHostAvailableError', { innerErrors: { '10.0.0.1:9042': inner } })

const table: readonly [string, unknown, Readonly<Record<RequestKind, FailureKind>>][] = [
  ['not enough replicas', response(0x1000), all('unavailable')],
  ['overloaded', response(0x1001), all('unavailable')],
  ['bootstrapping', response(0x1002), all('unavailable')],
  ['write timeout', response(0x1100), lost()],
  ['read timeout, also of the reading part of a conditional write', response(0x1200), lost()],
  ['read failure', response(0x1300), lost()],
  ['write failure', response(0x1500), lost()],
  ['a fault inside the server', response(0x0000), lost()],
  ['wrong credentials', response(0x0100), all('unavailable')],
  ['a right that was not given', response(0x2100), all('unavailable')],
  ['a batch over two partitions', response(0x2200), all('refused')],
  ['a syntax error', response(0x2000), all('refused')],
  ['no answer in time', named('OperationTimedOutError'), lost()],
  ['a broken connection', socket, lost()],
  ['a request that was never written', { ...socket, requestNotWritten: true }, all('unavailable')],
  ['no host', named('NoHostAvailableError', { innerErrors: {} }), all('unavailable')],
  ['no host, one had it', noHost(socket), lost()],
  ['no host, one refused the connection', noHost(named('Error', { code: 'ECONNREFUSED' })), all('unavailable')],
  ['no host, all busy', noHost(named('BusyConnectionError')), all('unavailable')],
  ['a value of the wrong type', new TypeError('Not a valid bigint'), all('refused')],
  ['a number that does not fit', Object.assign(new RangeError('out'), { code: 'ERR_OUT_OF_RANGE' }), all('refused')],
  ['nothing at all', undefined, lost()],
]

for (const [name, error, expected] of table) {
  test(`${name}: ${expected.read}, ${expected.write}, ${expected.conditional}`, () => {
    for (const request of ['read', 'write', 'conditional'] as const) {
      assert.equal(failureOf(error, request), expected[request], request)
    }
  })
}

test('a lost write is unknown, a lost read is not', () => {
  assert(UnknownOutcome.is(errorOf(response(0x1100), 'conditional')))
  const read = errorOf(response(0x1100), 'read')
  assert(HeadwaterError.is(read) && read.code === 'store_unavailable')
  const refused = errorOf(response(0x2200), 'write')
  assert(HeadwaterError.is(refused) && refused.code === 'internal')
})

test('what was translated stays as it is', () => {
  for (const error of [new UnknownOutcome('lost'), new HeadwaterError('overloaded')]) {
    assert.equal(errorOf(error, 'write'), error)
  }
})

function all(kind: FailureKind): Record<RequestKind, FailureKind> {
  return { read: kind, write: kind, conditional: kind }
}

function lost(): Record<RequestKind, FailureKind> {
  return { read: 'unavailable', write: 'unknown', conditional: 'unknown' }
}
