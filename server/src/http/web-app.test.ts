import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { testApp } from './app-for-tests.ts'
import { loadWebApp } from './web-app.ts'

async function webApp() {
  const folder = await mkdtemp(join(tmpdir(), 'headwater-web-'))
  await mkdir(join(folder, 'dist', 'assets'), { recursive: true })
  await writeFile(join(folder, 'secret.txt'), 'secret')
  await writeFile(join(folder, 'dist', 'index.html'), '<!doctype html>start')
  await writeFile(join(folder, 'dist', 'assets', 'main-1a2b.js'), 'run()')
  const app = await testApp(
    (routes) => void routes.get('/healthz', { config: { access: 'public' } }, async () => 'ok'),
    { webApp: await loadWebApp(join(folder, 'dist')) },
  )
  const get = (url: string, headers: Record<string, string> = {}) => app.app.inject({ url, headers })
  return {
    app,
    get,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

const asPage = { accept: 'text/html,application/xhtml+xml' }

test('the start page is at /', async () => {
  await using t = await webApp()
  for (const [url, headers] of [
    ['/', {}],
    ['/', asPage],
    ['/?user=carol', {}],
    ['/index.html', {}],
  ] as const) {
    const { statusCode, body, headers: answered } = await t.get(url, headers)
    assert.deepEqual([statusCode, body], [200, '<!doctype html>start'], url)
    assert.equal(answered['content-type'], 'text/html; charset=utf-8')
    assert.equal(answered['cache-control'], 'no-cache')
    assert.match(String(answered['content-security-policy']), /default-src 'none'; script-src 'self';/)
    assert.doesNotMatch(String(answered['content-security-policy']), /unsafe/)
  }
})

test('assets may be kept, and are not sent twice', async () => {
  await using t = await webApp()
  const { body, headers } = await t.get('/assets/main-1a2b.js')
  assert.deepEqual([body, headers['content-type']], ['run()', 'text/javascript; charset=utf-8'])
  assert.match(String(headers['cache-control']), /immutable/)
  const again = await t.get('/assets/main-1a2b.js', { 'if-none-match': String(headers.etag) })
  assert.deepEqual([again.statusCode, again.body], [304, ''])
  // A proxy that compresses makes a tag weak; what a cache holds of before may be named beside it.
  for (const tags of [`W/${headers.etag}`, `"older", W/${headers.etag}`, '*']) {
    assert.equal((await t.get('/assets/main-1a2b.js', { 'if-none-match': tags })).statusCode, 304, tags)
  }
  assert.equal((await t.get('/assets/main-1a2b.js', { 'if-none-match': '"older"' })).statusCode, 200)
})

test('a secret in the address of the page is refused', async () => {
  await using t = await webApp()
  const { statusCode, json } = await t.get('/?token=abc')
  assert.deepEqual([statusCode, json().code, json().errors[0].code], [400, 'invalid_request', 'unknown_field'])
})

test('HEAD is answered like GET, without the body', async () => {
  await using t = await webApp()
  const { statusCode, body, headers } = await t.app.app.inject({ method: 'HEAD', url: '/' })
  assert.deepEqual([statusCode, body, headers['content-type']], [200, '', 'text/html; charset=utf-8'])
  assert.equal(headers['content-length'], (await t.get('/')).headers['content-length'])
})

for (const url of [
  '/nothing',
  '/activity/5',
  '/v1/nothing',
  '/v1',
  '/v2/nothing',
  '/ws/v1/activities',
  '/missing.js',
  '/../secret.txt',
  '/..%2fsecret.txt',
  '/%2e%2e/secret.txt',
  '/assets/..%2f..%2fsecret.txt',
  '/assets/%00',
]) {
  test(`${url} is no page`, async () => {
    await using t = await webApp()
    for (const headers of [{}, asPage]) {
      const { statusCode, json, body } = await t.get(url, headers)
      assert.deepEqual([statusCode, json().code], [404, 'route_not_found'])
      assert.ok(!body.includes('secret'))
    }
  })
}

test('other methods and routes are left to their routes', async () => {
  await using t = await webApp()
  assert.equal((await t.get('/healthz', asPage)).body, 'ok')
  assert.equal((await t.app.app.inject({ method: 'POST', url: '/activity/5', headers: asPage })).statusCode, 404)
})

for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const) {
  test(`${method} of a file is the wrong method`, async () => {
    await using t = await webApp()
    for (const url of ['/', '/?user=carol', '/index.html', '/assets/main-1a2b.js']) {
      const answer = await t.app.app.inject({ method: method as 'POST', url })
      assert.deepEqual([answer.statusCode, answer.json().code], [405, 'method_not_allowed'], url)
      assert.equal(answer.headers.allow, 'GET, HEAD')
    }
  })
}

test('without a folder there is no web app', async () => {
  assert.equal((await loadWebApp(join(tmpdir(), 'headwater-no-such-folder'))).size, 0)
})
