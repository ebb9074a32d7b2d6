import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFromHere } from './from-here.ts'

const isHere = (headers: Record<string, string>, httpVersion = '1.1') => isFromHere({ headers, httpVersion })

test('requests with a loopback address in Host are from here, on any port', () => {
  for (const host of [
    'localhost',
    'localhost:8080',
    'LOCALHOST:1',
    '127.0.0.1:65535',
    '127.9.9.9',
    '[::1]',
    '[::1]:80',
  ])
    assert.ok(isHere({ host, accept: '*/*', 'x-request-id': '1' }), host)
})

test('a Host of another name is from elsewhere', () => {
  for (const host of ['activity.example.com', 'localhost.example.com:80', 'localhost:80:80', '10.0.0.1', '0.0.0.0', ''])
    assert.ok(!isHere({ host }), host)
  assert.ok(!isHere({}))
})

test('what a proxy brings is from elsewhere', () => {
  const names = [
    'forwarded',
    'x-forwarded',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-forwarded-host',
    'via',
    'x-real-ip',
  ]
  for (const name of names) assert.ok(!isHere({ host: 'localhost:8080', [name]: '' }), name)
  assert.ok(!isHere({ host: '127.0.0.1:8080' }, '1.0'))
})
