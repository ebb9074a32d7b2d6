import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { ClientFrame, ServerFrame, GroupActor as WireActor, ActivityGroup as WireGroup } from '@headwater/protocol'
import { Ajv } from 'ajv'
import type { Static } from 'typebox'
import { apiKey, testApp } from './app-for-tests.ts'
import { clientFrames, serverFrames, streamFrames } from './asyncapi.ts'
import { curlOf, requestExample, sampleOf } from './docs-example.ts'
import { docsPage } from './docs-page.ts'
import { addAllRoutes, testFeatures } from './features-for-tests.ts'
import type { ActivityGroup, GroupActor } from './schemas.ts'

type Writable<T> = T extends string | number | boolean | null | undefined
  ? T
  : { -readonly [K in keyof T]: Writable<T[K]> }
type Same<A, B> = [Writable<A>] extends [Writable<B>] ? ([Writable<B>] extends [Writable<A>] ? true : false) : false
type FrameOf<Frames extends object> = { [K in keyof Frames]: Static<Frames[K] & object> }

/** These fail to compile when a schema and the type of the protocol go different ways. */
const same: readonly true[] = [
  true satisfies Same<keyof Static<typeof ActivityGroup>, keyof WireGroup>,
  true satisfies Same<Static<typeof GroupActor>, WireActor>,
  true satisfies Same<keyof typeof serverFrames, ServerFrame['type']>,
  true satisfies Same<keyof typeof clientFrames, ClientFrame['type']>,
  true satisfies Same<FrameOf<typeof clientFrames>['ack'], Extract<ClientFrame, { type: 'ack' }>>,
  true satisfies Same<keyof FrameOf<typeof serverFrames>['hello'], keyof Extract<ServerFrame, { type: 'hello' }>>,
  true satisfies Same<keyof FrameOf<typeof serverFrames>['reset'], keyof Extract<ServerFrame, { type: 'reset' }>>,
  true satisfies Same<
    keyof FrameOf<typeof serverFrames>['read_state'],
    keyof Extract<ServerFrame, { type: 'read_state' }>
  >,
]

interface Operation {
  readonly summary?: string
  readonly operationId: string
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[]
  readonly responses: Record<string, { readonly description: string; readonly content?: Record<string, unknown> }>
}

const documentsApp = () =>
  testApp((routes, dependencies) => addAllRoutes(routes, testFeatures(Date.UTC(2026, 0, 1)), dependencies))

/** Every `$ref` of a document leads somewhere. */
function danglingRefs(document: object): string[] {
  const dangling: string[] = []
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { $ref } = node as { $ref?: unknown }
    if (typeof $ref === 'string') {
      let target: unknown = document
      for (const name of $ref.slice(2).split('/')) target = (target as Record<string, unknown> | undefined)?.[name]
      if (target === undefined || !$ref.startsWith('#/')) dangling.push($ref)
    }
    for (const inner of Object.values(node)) visit(inner)
  }
  visit(document)
  return dangling
}

test('schemas and protocol types agree', () => assert.ok(same.every(Boolean)))

test('every route is in the OpenAPI document, with how it answers and fails', async () => {
  await using app = await documentsApp()
  const answer = await app.app.inject({ url: '/openapi.json' })
  const document = answer.json()
  assert.equal(document.openapi, '3.1.0')
  assert.deepEqual(danglingRefs(document), [])
  const inDocument = Object.entries(document.paths as Record<string, Record<string, Operation>>).flatMap(
    ([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
  )
  const inTable = app.app.routeTable.routes
    .flatMap(({ method, url }) => [method].flat().map((one) => `${one} ${url}`))
    .filter((route) => !route.startsWith('HEAD '))
  assert.deepEqual(inDocument.sort(), inTable.sort())

  const items = Object.values(document.paths as Record<string, Record<string, Operation>>)
  const operations = items.flatMap((item) => Object.values(item))
  assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length)
  for (const { summary, responses, operationId } of operations) {
    assert.ok(summary, operationId)
    const statuses = Object.keys(responses)
    assert.ok(statuses.some((status) => status.startsWith('2')))
    for (const [status, { content }] of Object.entries(responses)) {
      if (status >= '400' && operationId !== 'getReadyz') assert.ok(content?.['application/problem+json'], operationId)
    }
  }
})

test('a list says what it takes and answers', async () => {
  await using app = await documentsApp()
  const { paths, components } = (await app.app.inject({ url: '/openapi.json' })).json()
  const list: Operation = paths['/v1/activities'].get
  assert.deepEqual(
    list.parameters.map(({ name, in: place, required }) => [name, place, required]),
    [
      ['cursor', 'query', false],
      ['limit', 'query', false],
      ['filter', 'query', false],
      ['X-User-Id', 'header', false],
    ],
  )
  assert.deepEqual(Object.keys(list.responses), ['200', '400', '401', '408', '410', '414', '429', '431', '500', '503'])
  assert.equal(components.schemas.ActivityGroup.properties.top_actors.items.$ref, '#/components/schemas/UserRef')
  assert.ok(!JSON.stringify(components).includes('x-error'))
})

test('events come in five forms, a refusal names each event, and a body of either-or is shown as such', async () => {
  await using app = await documentsApp()
  const { paths, components } = (await app.app.inject({ url: '/openapi.json' })).json()
  const { requestBody, responses } = paths['/v1/events'].post
  assert.deepEqual(Object.keys(requestBody.content), [
    'application/json',
    'application/vnd.headwater.event+avro',
    'application/vnd.headwater.events+avro',
    'application/cloudevents+json',
    'application/cloudevents-batch+json',
  ])
  const refused = responses['400'].content['application/problem+json'].schema.$ref.split('/').at(-1)
  assert.ok(components.schemas[refused].properties.rejected)
  assert.equal(responses['400'].description, '`invalid_request` · `invalid_json`')
  assert.ok(responses['503'].headers['Retry-After'])
  const mark = paths['/v1/activities/read'].post.requestBody.content['application/json'].schema
  assert.deepEqual(
    mark.anyOf.map(({ $ref }: { readonly $ref: string }) => components.schemas[$ref.split('/').at(-1) ?? ''].required),
    [['group_ids'], ['all']],
  )
  assert.ok(!JSON.stringify([paths, components]).includes('x-shown'))
})

test('every frame is in the AsyncAPI document', async () => {
  await using app = await documentsApp()
  const document = (await app.app.inject({ url: '/asyncapi.json' })).json()
  assert.equal(document.asyncapi, '3.0.0')
  assert.deepEqual(danglingRefs(document), [])
  assert.deepEqual(Object.keys(document.components.messages), [
    ...Object.keys(clientFrames),
    ...Object.keys(serverFrames),
    ...Object.keys(streamFrames),
  ])
})

test('every text and list that comes in has a bound', async () => {
  await using app = await documentsApp()
  const unbounded: string[] = []
  const visit = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return
    const { type, maxLength, maxItems, enum: values } = schema as Record<string, unknown>
    if (type === 'string' && maxLength === undefined && values === undefined) unbounded.push(path)
    if (type === 'array' && maxItems === undefined) unbounded.push(path)
    for (const [name, inner] of Object.entries(schema)) visit(inner, `${path}.${name}`)
  }
  for (const { url, schema } of app.app.routeTable.routes) {
    visit(schema?.body, `${url} body`)
    visit(schema?.querystring, `${url} query`)
  }
  // The length of a cursor is checked with its seal, and the address bounds it; what is around the events of a body is
  // bounded by the body.
  const isBoundElsewhere = (path: string) => path.endsWith('.cursor') || /^\/v1\/events body.*(avro|cloud)/.test(path)
  assert.deepEqual(
    unbounded.filter((path) => !isBoundElsewhere(path)),
    [],
  )
})

test('the documentation is one page without scripts and without anything from elsewhere', async () => {
  await using app = await documentsApp()
  const { body, headers, statusCode } = await app.app.inject({ url: '/docs' })
  assert.equal(statusCode, 200)
  assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  assert.match(String(headers['content-security-policy']), /default-src 'none'; style-src 'sha256-/)
  assert.doesNotMatch(body, /<script|<link|src=|@import|url\(/)
  for (const { url } of app.app.routeTable.routes) {
    assert.ok(body.includes(`<code>${url.replace(/:(\w+)/g, '{$1}')}</code>`), url)
  }
  const ids = new Set([...body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))
  for (const [, target = ''] of body.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.has(target), target)
})

test('with a built page the documentation has its font and a way home; without one neither', async () => {
  await using app = await documentsApp()
  const document = (await app.app.inject({ url: '/openapi.json' })).json()
  const font = '/assets/inter-latin-abc.woff2'
  const { html, policy } = docsPage(document, { hasHome: true, font })
  assert.ok(html.includes(`src: url("${font}")`) && html.includes('<a class="brand" href="/">'))
  assert.match(policy, /font-src 'self'/)
  const style = /<style>(.*?)<\/style>/s.exec(html)?.[1] ?? ''
  assert.ok(policy.includes(createHash('sha256').update(style).digest('base64')), 'the style is named by its hash')
  const bare = docsPage(document, { hasHome: false, font: undefined }).html
  assert.doesNotMatch(bare, /font-face|href="\/"/)
})

test('what is taken when a parameter is left out is on the page', async () => {
  await using app = await documentsApp()
  assert.match((await app.app.inject({ url: '/docs' })).body, /integer 1–100, default 20</)
})

test('what answers nothing but a socket has no example', () => {
  const operation = (status: string) => ({ summary: 's', responses: { [status]: { description: 'd' } } })
  const document = {
    info: { title: 't' },
    paths: { '/ws': { get: operation('101') }, '/v1': { get: operation('200') } },
    components: { schemas: {} },
  }
  const { html } = docsPage(document, { hasHome: false, font: undefined })
  assert.deepEqual([html.includes('$URL/ws'), html.includes('$URL/v1')], [false, true])
})

/** Calls that this app cannot take, since nobody is there to answer them. */
const unanswered = new Set(['GET /v1/activities/stream'])

test('every example is on the page, is taken, and its answer is as the schema says', async () => {
  await using app = await documentsApp()
  const document = (await app.app.inject({ url: '/openapi.json' })).json()
  const page = (await app.app.inject({ url: '/docs' })).body
  const { schemas } = document.components
  for (const [path, methods] of Object.entries(document.paths as Record<string, Record<string, Operation>>)) {
    for (const [method, operation] of Object.entries(methods)) {
      const { url, headers, body } = requestExample(
        method,
        path,
        operation as object as Record<string, unknown>,
        schemas,
      )
      assert.ok(page.includes(`$URL${url}`), url)
      if (unanswered.has(`${method.toUpperCase()} ${path}`)) continue
      const sent = { ...headers, ...(headers.Authorization && { Authorization: `Bearer ${apiKey}` }) }
      const payload = body === undefined ? {} : { payload: JSON.stringify(body) }
      const answer = await app.app.inject({ method: method as 'get', url, headers: sent, ...payload })
      // What the example names need not exist here.
      assert.ok(answer.statusCode < 400 || answer.statusCode === 404, `${method} ${url}: ${answer.body}`)
      for (const [status, { content }] of Object.entries(operation.responses)) {
        const json = content?.['application/json'] as { readonly schema: Record<string, unknown> } | undefined
        if (!json || !status.startsWith('2')) continue
        const check = new Ajv({ strict: false }).compile({ ...json.schema, components: document.components })
        assert.ok(check(sampleOf(json.schema, schemas)), `${method} ${url}: ${JSON.stringify(check.errors)}`)
      }
    }
  }
})

test('an example is a line of a shell', () => {
  const headers = { Authorization: 'Bearer $KEY', 'X-User-Id': 'carol' }
  const written = curlOf({ method: 'DELETE', url: '/v1/x', headers }, false)
  assert.equal(written, `curl -X DELETE $URL/v1/x \\\n  -H "Authorization: Bearer $KEY" \\\n  -H 'X-User-Id: carol'`)
  const posted = curlOf({ method: 'POST', url: '/v1/x', headers: {}, body: { all: true } }, true)
  assert.equal(posted, `curl -N $URL/v1/x \\\n  -d '{ "all": true }'`)
})
