import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { testApp } from './app-for-tests.ts'
import type { AnswerQuickly } from './quick-pages.ts'

async function listening(answer: AnswerQuickly) {
  const errors: string[] = []
  const log = { warn: () => {}, error: (_: object, text: string) => void errors.push(text) }
  const server = await testApp(
    (app) => {
      app.quickly.use(answer)
      app.get('/v1/thing', { config: { access: 'public' } }, async () => 'by the route')
    },
    { log },
  )
  await server.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = server.app.server.address() as AddressInfo
  return {
    errors,
    ask: () => fetch(`http://127.0.0.1:${port}/v1/thing`),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

test('a fault in the quick way leaves the request to the route, and is logged', async () => {
  await using server = await listening(() => {
    throw new Error('a fault')
  })
  const answer = await server.ask()
  assert.deepEqual([answer.status, await answer.text()], [200, 'by the route'])
  assert.deepEqual(server.errors, ['a request could not be answered the quick way'])
})

test('a fault behind the first byte of an answer ends its connection alone', async () => {
  let asked = 0
  await using server = await listening((_request, response) => {
    if (++asked > 1) return false
    response.writeHead(200, { 'content-length': '9' }).write('half')
    throw new Error('a fault')
  })
  await assert.rejects(server.ask().then((answer) => answer.text()))
  assert.equal(await (await server.ask()).text(), 'by the route')
})

test('a request that was passed on is not passed on once more by a fault', async () => {
  let asked = 0
  await using server = await listening((_request, _response, otherwise) => {
    if (++asked > 1) return false
    otherwise()
    throw new Error('a fault')
  })
  await assert.rejects(server.ask())
  assert.equal(await (await server.ask()).text(), 'by the route')
})
