import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsWith } from '../config/load.ts'
import { cassandraSettings, redisSettings } from './cluster.ts'

test('the port of Cassandra is that of the first contact point', () => {
  const portOf = (...contactPoints: string[]) =>
    cassandraSettings(settingsWith({ 'cassandra.contactPoints': contactPoints })).port
  assert.equal(portOf('cassandra-1:9142', 'cassandra-2:9042'), 9142)
  assert.equal(portOf('10.0.0.1'), undefined)
  assert.equal(portOf('[fd12:3456:789a::1]:9042'), 9042)
  assert.equal(portOf('[::1]:9042'), 9042)
  assert.equal(portOf('[::1]'), undefined)
})

test('Redis is where its URL says', () => {
  const of = (url: string) => {
    const { host, port, username, password, database, tls } = redisSettings(settingsWith({ 'redis.url': url }))
    return { host, port, username, password, database, tls }
  }
  const plain = { port: 6379, username: undefined, password: undefined, database: undefined, tls: false }
  assert.deepEqual(of('redis://cache'), { ...plain, host: 'cache' })
  assert.deepEqual(of('redis://[fd12::1]:6380'), { ...plain, host: 'fd12::1', port: 6380 })
  assert.deepEqual(of('rediss://user:p%40ss@cache:6381/2'), {
    host: 'cache',
    port: 6381,
    username: 'user',
    password: 'p@ss',
    database: 2,
    tls: true,
  })
})
