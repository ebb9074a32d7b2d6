import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics } from './metrics.ts'

test('the metrics that are promised are there from the start', async () => {
  const text = await createMetrics().text()
  for (const [name, type] of [
    ['headwater_events_accepted_total', 'counter'],
    ['headwater_events_rejected_total', 'counter'],
    ['headwater_events_applied_total', 'counter'],
    ['headwater_group_writes_total', 'counter'],
    ['headwater_log_lag', 'gauge'],
    ['headwater_sockets', 'gauge'],
    ['headwater_push_seconds', 'histogram'],
    ['headwater_store_reads_total', 'counter'],
    ['headwater_offline_queue_entries', 'gauge'],
  ]) {
    assert.match(text, new RegExp(`^# TYPE ${name} ${type}$`, 'm'))
    assert.match(text, new RegExp(`^${name}(?:_count)? 0$`, 'm'))
  }
})

test('requests are counted by route, and gauges read when they are asked for', async () => {
  const metrics = createMetrics()
  metrics.onCollect(() => Promise.reject(new Error('the store is down')))
  metrics.onCollect(async () => metrics.sockets.set(7))
  metrics.observeRequest('GET', '/v1/users/:id', 200, 0.002)
  metrics.observeRequest('GET', undefined, 404, 0.001)
  for (let i = 0; i < 1_000; i++) metrics.observeRequest('GET', '/v1/activities', 200, 0.004)
  metrics.observeRequest('GET', '/v1/activities', 200, 2)
  metrics.observeRequest('GET', '/v1/activities', 401, 0.004)
  const text = await metrics.text()
  assert.equal(await metrics.text(), text)
  assert.match(text, /^headwater_sockets 7$/m)
  assert.match(text, /headwater_http_requests_total\{method="GET",route="\/v1\/activities",status="200"\} 1001/)
  assert.match(text, /headwater_http_requests_total\{method="GET",route="\/v1\/activities",status="401"\} 1$/m)
  assert.match(text, /headwater_http_request_seconds_bucket\{le="0.005",method="GET",route="\/v1\/activities"\} 1001/)
  assert.match(text, /headwater_http_request_seconds_count\{method="GET",route="\/v1\/activities"\} 1002/)
  assert.match(text, /headwater_http_requests_total\{method="GET",route="\/v1\/users\/:id",status="200"\} 1/)
  assert.match(text, /headwater_http_requests_total\{method="GET",route="none",status="404"\} 1/)
})
