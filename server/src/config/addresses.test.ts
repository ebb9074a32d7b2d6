import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { ConfigError } from './config-error.ts'
import { loadSettings } from './load.ts'

const right = {
  HEADWATER_ENGINE: 'cluster',
  HEADWATER_KAFKA: 'kafka-1:9092,[fd00::1]:9092',
  HEADWATER_CASSANDRA: 'cassandra-1:9042,10.0.0.2,[fd00::1]:9042',
  HEADWATER_REDIS: 'rediss://user:p%40ss@cache:6380/2',
  HEADWATER_POSTGRES: 'postgresql://user:p%40ss@users:5432/headwater?sslmode=verify-full',
}

function problemsWith(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    loadSettings({ cwd: tmpdir(), environment: { ...right, ...environment } })
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    assert.doesNotMatch(error.message, /planted/)
    return error.problems.map(({ key }) => key ?? '')
  }
}

test('addresses of services are taken as they are written down', () => {
  assert.deepEqual(problemsWith({}), [])
  assert.deepEqual(problemsWith({ HEADWATER_REDIS: 'redis://:planted@[::1]' }), [])
  assert.deepEqual(problemsWith({ HEADWATER_POSTGRES: 'postgres:///headwater?host=/var/run/postgresql' }), [])
})

test('what is no address of a service is refused before anything is looked for there', () => {
  const wrong: readonly (readonly [variable: string, key: string, ...values: string[]])[] = [
    ['HEADWATER_KAFKA', 'kafka.brokers', 'kafka', 'kafka:', 'kafka:9092,other', 'kafka://kafka:9092'],
    ['HEADWATER_CASSANDRA', 'cassandra.contactPoints', 'cassandra:x', 'cql://cassandra:9042', 'fd00::1'],
    ['HEADWATER_REDIS', 'redis.url', 'cache:6379', 'redis:6379', '10.0.0.1:6379', 'http://cache', 'redis://cache/x'],
    ['HEADWATER_REDIS', 'redis.url', 'redis://:planted%@cache', 'redis://:planted#@cache'],
    ['HEADWATER_POSTGRES', 'postgres.url', 'users:5432/headwater', '10.0.0.1/headwater', 'user:planted@users'],
  ]
  for (const [variable, key, ...values] of wrong)
    for (const value of values) assert.deepEqual(problemsWith({ [variable]: value }), [key], value)
})

test('proxies are addresses, networks, or named networks', () => {
  const proxies = (value: string) => problemsWith({ HEADWATER_HTTP__TRUSTED_PROXIES: value })
  assert.deepEqual(proxies('192.0.2.7, 10.0.0.0/8, ::1, fd00::/8, loopback, linklocal, uniquelocal'), [])
  for (const value of ['proxy.example.com', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::1/129', '::/0', 'everybody'])
    assert.deepEqual(proxies(`10.0.0.1, ${value}`), ['http.trustedProxies'], value)
})
