import { Type } from 'typebox'
import type { App } from './app.ts'
import { asyncApiDocument } from './asyncapi.ts'
import { type DocsPageLook, docsPage } from './docs-page.ts'
import { openApiDocument } from './openapi.ts'

const tags = ['Operations']
const anyObject = Type.Object({}, { additionalProperties: true }) as object

/** The documents are made when first asked for, since until then routes may still be added. */
export interface DocumentSettings {
  readonly version: string
  readonly look?: DocsPageLook
}

export function addDocumentRoutes(
  app: App,
  { version, look = { hasHome: false, font: undefined } }: DocumentSettings,
): void {
  const openApi = once(() => JSON.stringify(openApiDocument(app.routeTable.routes, version)))
  const asyncApi = once(() => JSON.stringify(asyncApiDocument(version)))
  const page = once(() => docsPage(JSON.parse(openApi()), look))

  const addDocument = (url: string, summary: string, text: () => string): void => {
    app.get(
      url,
      { config: { access: 'public' }, schema: { summary, tags, response: { 200: anyObject } } },
      async (_request, reply) => reply.type('application/json; charset=utf-8').send(text()),
    )
  }
  addDocument('/openapi.json', 'The OpenAPI 3.1 document of the routes', openApi)
  addDocument('/asyncapi.json', 'The AsyncAPI 3.0 document of the socket', asyncApi)

  app.get(
    '/docs',
    {
      config: { access: 'public' },
      schema: {
        summary: 'The routes as a page',
        tags,
        response: { 200: { content: { 'text/html': { schema: Type.String() } } } as object },
      },
    },
    async (_request, reply) =>
      reply.header('content-security-policy', page().policy).type('text/html; charset=utf-8').send(page().html),
  )
}

function once<T extends {}>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
