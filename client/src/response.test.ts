import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeadwaterError } from './error.ts'
import { parseRetryAfter, readAnswer } from './response.ts'

const now = Date.UTC(2026, 0, 1)

test('Retry-After is seconds or a date, and nothing where it means nothing', () => {
  assert.equal(parseRetryAfter('2', now), 2_000)
  assert.equal(parseRetryAfter('0', now), 0)
  assert.equal(parseRetryAfter('-5', now), 0)
  assert.equal(parseRetryAfter('Thu, 01 Jan 2026 00:00:30 GMT', now), 30_000)
  assert.equal(parseRetryAfter('Wed, 31 Dec 2025 00:00:00 GMT', now), 0)
  assert.equal(parseRetryAfter('soon', now), null)
  assert.equal(parseRetryAfter('', now), null)
  assert.equal(parseRetryAfter(null, now), null)
})

const failure = async (body: string, init: ResponseInit): Promise<HeadwaterError> => {
  const error = await readAnswer(new Response(body, init), now).then(
    () => assert.fail('it was read as good'),
    (thrown: unknown) => thrown,
  )
  assert.ok(HeadwaterError.is(error))
  return error
}

test('a problem becomes an error with all that it says', async () => {
  const errors = [{ path: '/name', code: 'required', detail: 'name is missing' }]
  const rejected = [{ index: 0, code: 'verb_required', detail: 'a verb' }]
  const body = { type: 't', title: 'T', status: 400, detail: 'Two things', code: 'invalid_request', errors, rejected }
  const error = await failure(JSON.stringify(body), { status: 400 })
  const { code, status, detail, retryable, retryAfterMs } = error
  assert.deepEqual(
    { code, status, detail, retryable, retryAfterMs, errors: error.errors, rejected: error.rejected },
    {
      code: 'invalid_request',
      status: 400,
      detail: 'Two things',
      retryable: false,
      retryAfterMs: null,
      errors,
      rejected,
    },
  )
})

test('the status tells what may be tried again', async () => {
  const retryable = async (status: number, code: string) =>
    (await failure(JSON.stringify({ code }), { status })).retryable
  assert.equal(await retryable(429, 'rate_limited'), true)
  assert.equal(await retryable(503, 'of_a_later_version'), true)
  assert.equal(await retryable(500, 'internal'), true)
  assert.equal(await retryable(409, 'idempotency_in_progress'), true)
  assert.equal(await retryable(409, 'something_else'), false)
  assert.equal(await retryable(404, 'not_found'), false)
})

test('what comes from a proxy is no problem document', async () => {
  const error = await failure('<h1>Bad gateway</h1>', { status: 502, headers: { 'retry-after': '3' } })
  assert.deepEqual([error.code, error.status, error.retryable, error.retryAfterMs], ['bad_response', 502, true, 3_000])
  assert.equal((await failure('<h1>Teapot</h1>', { status: 418 })).retryable, false)
})

test('a date in Retry-After is one of the clock that wrote it', async () => {
  const date = (seconds: number) => new Date(now + seconds * 1_000).toUTCString()
  const waits: readonly (readonly [headers: Record<string, string>, retryAfterMs: number])[] = [
    [{ 'retry-after': date(3_630), date: date(3_600) }, 30_000],
    [{ 'retry-after': date(-3_570), date: date(-3_600) }, 30_000],
    [{ 'retry-after': date(30) }, 30_000],
    [{ 'retry-after': date(30), date: 'today' }, 30_000],
    [{ 'retry-after': '30', date: date(3_600) }, 30_000],
  ]
  for (const [headers, retryAfterMs] of waits) {
    assert.equal((await failure('', { status: 503, headers })).retryAfterMs, retryAfterMs, JSON.stringify(headers))
  }
})

test('good answers: JSON, nothing, and what is neither', async () => {
  assert.deepEqual(await readAnswer(new Response('{"a":1}'), now), { a: 1 })
  assert.equal(await readAnswer(new Response(null, { status: 204 }), now), undefined)
  assert.equal((await failure('<html>', { status: 200 })).code, 'bad_response')
})
