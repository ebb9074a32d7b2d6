import { createHash } from 'node:crypto'
import { curlOf, requestExample, sampleOf } from './docs-example.ts'
import { docsStyle } from './docs-style.ts'

/**
 * The OpenAPI document as one page of HTML without scripts and without anything from elsewhere: sections fold with
 * `<details>`, and the only style is named by its hash in the page's policy.
 */

type Json = Readonly<Record<string, unknown>>

/** What the built page at `/` lends: its font, and itself to go to. */
export interface DocsPageLook {
  readonly hasHome: boolean
  readonly font: string | undefined
}

/** A page, and the policy that goes with it. */
export interface DocsPage {
  readonly html: string
  readonly policy: string
}

export function docsPage(document: Json, { hasHome, font }: DocsPageLook): DocsPage {
  const style = docsStyle(font)
  const hash = createHash('sha256').update(style).digest('base64')
  return {
    html: htmlOf(document, style, hasHome),
    policy: `default-src 'none'; style-src 'sha256-${hash}'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  }
}

function htmlOf(document: Json, style: string, hasHome: boolean): string {
  const info = document.info as Json
  const schemas = (document.components as Json).schemas as Json
  const groups = operationsByTag(document.paths as Json, schemas)
  const links = [...groups.keys(), 'Schemas'].map((tag) => `<a href="#${escapeHtml(tag)}">${escapeHtml(tag)}</a>`)
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(info.title)} API</title><style>${style}</style></head><body>`,
    hasHome ? '<header class="top"><a class="brand" href="/">Headwater</a><a href="/">Demo</a></header>' : '',
    `<main><h1>${escapeHtml(info.title)} API</h1><p class="dim">Version ${escapeHtml(info.version)}</p>`,
    `<p>${prose(info.description)}</p>`,
    '<p>As documents: <a href="/openapi.json">OpenAPI</a> · <a href="/asyncapi.json">AsyncAPI</a></p>',
    '<p>Examples take the address of the server from <code>$URL</code> and the API key from <code>$KEY</code>.</p>',
    `<nav>${links.join('')}</nav>`,
    ...[...groups].map(
      ([tag, operations]) => `<h2 id="${escapeHtml(tag)}">${escapeHtml(tag)}</h2>${operations.join('')}`,
    ),
    '<h2 id="Schemas">Schemas</h2>',
    ...Object.entries(schemas).map(([name, schema]) => schemaSection(name, schema as Json)),
    '</main></body></html>',
  ].join('\n')
}

function operationsByTag(paths: Json, schemas: Json): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods as Json)) {
      const { tags = ['Other'] } = operation as { readonly tags?: readonly string[] }
      const tag = tags[0] ?? 'Other'
      groups.set(tag, [...(groups.get(tag) ?? []), operationSection(method, path, operation as Json, schemas)])
    }
  }
  return groups
}

function operationSection(method: string, path: string, operation: Json, schemas: Json): string {
  const body = operation.requestBody as Json | undefined
  const parameters = (operation.parameters ?? []) as readonly Json[]
  return [
    `<details><summary><code class="verb">${escapeHtml(method.toUpperCase())}</code><code>${escapeHtml(path)}</code>`,
    `<span class="title">${escapeHtml(operation.summary)}</span></summary><div>`,
    operation.description ? `<p>${prose(operation.description)}</p>` : '',
    `<p class="dim">${callers(operation)}</p>`,
    parameters.length > 0 ? `<h3>Parameters</h3>${table(parameters.map(parameterRow))}` : '',
    body ? `<h3>Body</h3>${contentRows(body.content as Json)}` : '',
    examples(method, path, operation, schemas),
    `<h3>Answers</h3>${table(Object.entries(operation.responses as Json).map(answerRow), 'short')}`,
    '</div></details>',
  ].join('')
}

function examples(method: string, path: string, operation: Json, schemas: Json): string {
  const answers = Object.entries(operation.responses as Json).filter(([status]) => status.startsWith('2'))
  // A socket: no call that one can type gets it.
  if (answers.length === 0) return ''
  const contents = answers.map(([, answer]) => (answer as Json).content as Json | undefined)
  const json = contents.map((content) => content?.['application/json'] as Json | undefined).find((part) => part?.schema)
  const sample = json && sampleOf(json.schema as Json, schemas)
  const streams = contents.some((content) => content?.['text/event-stream'])
  return [
    `<h3>Example</h3><pre><code>${escapeHtml(curlOf(requestExample(method, path, operation, schemas), streams))}</code></pre>`,
    // A document has no fields that would be worth showing.
    sample && Object.keys(sample).length > 0
      ? `<h3>Its answer</h3><pre><code>${escapeHtml(JSON.stringify(sample, null, 2))}</code></pre>`
      : '',
  ].join('')
}

const callerNames: Readonly<Record<string, string>> = {
  apiKey: 'API key',
  userToken: 'a user token',
  streamTicket: 'a ticket',
}

function callers({ security = [{ apiKey: [] }, { userToken: [] }] }: Json): string {
  const names = (security as readonly Json[]).flatMap(Object.keys).map((name) => callerNames[name] ?? name)
  return names.length === 0 ? 'Open to everyone' : names.join(', or ')
}

const parameterRow = ({ name, in: place, required, schema, description }: Json): readonly string[] => [
  `<code>${escapeHtml(name)}</code>`,
  `<span class="dim">${escapeHtml(place)}${required === true ? ', required' : ''}</span>`,
  `${typeText(schema as Json)} ${prose(description)}`,
]

function answerRow([status, answer]: readonly [string, unknown]): readonly string[] {
  const { description, content } = answer as Json
  return [`<code>${escapeHtml(status)}</code>`, `${prose(description)}${content ? contentRows(content as Json) : ''}`]
}

const contentRows = (content: Json): string =>
  Object.entries(content)
    .map(
      ([type, part]) =>
        `<div><span class="dim">${escapeHtml(type)}</span><br>${described((part as Json).schema as Json)}</div>`,
    )
    .join('')

const described = (schema: Json): string => `${schemaText(schema)} ${prose(schema.description)}`

/** The id is inside: a link to what is folded away unfolds it. */
const schemaSection = (name: string, schema: Json): string =>
  `<details><summary><code>${escapeHtml(name)}</code></summary><div id="schema-${escapeHtml(name)}">` +
  `${schema.description ? `<p>${prose(schema.description)}</p>` : ''}${schemaText(schema)}</div></details>`

function schemaText(schema: Json): string {
  const variants = (schema.anyOf ?? []) as readonly Json[]
  if (variants.some((variant) => variant.properties)) return variants.map(schemaText).join('<p class="dim">or</p>')
  const { properties, required = [] } = schema as { readonly properties?: Json; readonly required?: readonly string[] }
  if (!properties) return typeText(schema)
  const rows = Object.entries(properties).map(([name, property]) => [
    `<code>${escapeHtml(name)}</code>${required.includes(name) ? '' : ' <span class="dim">optional</span>'}`,
    `${typeText(property as Json)} ${prose((property as Json).description)}`,
  ])
  return table(rows)
}

function typeText(schema: Json): string {
  const { $ref, type, anyOf, items, enum: values, const: constant, maxItems } = schema
  if (typeof $ref === 'string') {
    const name = $ref.split('/').at(-1)
    return `<a href="#schema-${escapeHtml(name)}">${escapeHtml(name)}</a>`
  }
  if (Array.isArray(anyOf)) return anyOf.map((one) => typeText(one as Json)).join(' or ')
  if (Array.isArray(values)) return values.map((value) => `<code>${escapeHtml(value)}</code>`).join(' ')
  if (constant !== undefined) return `<code>${escapeHtml(JSON.stringify(constant))}</code>`
  if (items)
    return `list of ${typeText(items as Json)}${maxItems === undefined ? '' : `, up to ${escapeHtml(maxItems)}`}`
  return `<span class="dim">${escapeHtml(type ?? 'any')}${boundsText(schema)}</span>`
}

function boundsText({ minimum, maximum, maxLength, default: fallback }: Json): string {
  const range = minimum !== undefined || maximum !== undefined ? ` ${minimum ?? ''}–${maximum ?? ''}` : ''
  const length = maxLength === undefined ? '' : ` up to ${maxLength}`
  return escapeHtml(`${range}${length}${fallback === undefined ? '' : `, default ${JSON.stringify(fallback)}`}`)
}

const table = (rows: readonly (readonly string[])[], kind = ''): string =>
  `<table${kind && ` class="${kind}"`}>${rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('')}</table>`

const prose = (text: unknown): string => escapeHtml(text ?? '').replace(/`([^`]+)`/g, '<code>$1</code>')

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escapeHtml = (text: unknown): string => String(text).replace(/[&<>"']/g, (found) => entities[found] as string)
