import { createHash } from 'node:crypto'

/**
 * The OpenAPI document as one page of HTML without scripts and without anything from elsewhere: sections fold with
 * `<details>`, and the only style is named by its hash in the page's policy.
 */

type Json = Readonly<Record<string, unknown>>

const style = `
:root { color-scheme: light dark; --ink: #1c2430; --dim: #5b6675; --line: #dfe4ea; --page: #fff; --soft: #f5f7f9; --accent: #0b6bcb }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e9f0; --dim: #98a4b3; --line: #2c3540; --page: #12171d; --soft: #1a2129; --accent: #6cb2ff }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 5rem; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif }
h1 { margin: 0; font-size: 1.9rem; letter-spacing: -.02em }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.2rem }
h3 { margin: 1.25rem 0 .4rem; font-size: .8rem; text-transform: uppercase; letter-spacing: .06em; color: var(--dim) }
p { margin: .5rem 0 } a { color: var(--accent) } nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin-top: 1rem }
code, pre { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, monospace }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; background: var(--soft) }
details > div { scroll-margin-top: 3.5rem; padding: 0 1rem 1rem; border-top: 1px solid var(--line); overflow-x: auto }
summary { cursor: pointer; padding: .6rem 1rem; display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: baseline }
summary:focus-visible { outline: 2px solid var(--accent); border-radius: .5rem }
.verb { min-width: 4.2rem; font-weight: 700; color: var(--accent) }
.title { margin-left: auto; color: var(--dim) }
table { border-collapse: collapse; width: 100% }
td { padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
td:first-child { white-space: nowrap; width: 12rem } .dim { color: var(--dim) }
`

const styleHash = createHash('sha256').update(style).digest('base64')

export const docsPolicy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

export function docsPage(document: Json): string {
  const info = document.info as Json
  const groups = operationsByTag(document.paths as Json)
  const schemas = Object.entries((document.components as Json).schemas as Json)
  const links = [...groups.keys(), 'Schemas'].map((tag) => `<a href="#${escapeHtml(tag)}">${escapeHtml(tag)}</a>`)
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(info.title)} API</title><style>${style}</style></head><body>`,
    `<h1>${escapeHtml(info.title)} API</h1><p class="dim">Version ${escapeHtml(info.version)}</p>`,
    `<p>${prose(info.description)}</p>`,
    '<p>As documents: <a href="/openapi.json">OpenAPI</a> · <a href="/asyncapi.json">AsyncAPI</a></p>',
    `<nav>${links.join('')}</nav>`,
    ...[...groups].map(
      ([tag, operations]) => `<h2 id="${escapeHtml(tag)}">${escapeHtml(tag)}</h2>${operations.join('')}`,
    ),
    '<h2 id="Schemas">Schemas</h2>',
    ...schemas.map(([name, schema]) => schemaSection(name, schema as Json)),
    '</body></html>',
  ].join('\n')
}

function operationsByTag(paths: Json): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods as Json)) {
      const { tags = ['Other'] } = operation as { readonly tags?: readonly string[] }
      const tag = tags[0] ?? 'Other'
      groups.set(tag, [...(groups.get(tag) ?? []), operationSection(method, path, operation as Json)])
    }
  }
  return groups
}

function operationSection(method: string, path: string, operation: Json): string {
  const body = operation.requestBody as Json | undefined
  const parameters = (operation.parameters ?? []) as readonly Json[]
  return [
    `<details><summary><code class="verb">${escapeHtml(method.toUpperCase())}</code><code>${escapeHtml(path)}</code>`,
    `<span class="title">${escapeHtml(operation.summary)}</span></summary><div>`,
    operation.description ? `<p>${prose(operation.description)}</p>` : '',
    `<p class="dim">${callers(operation)}</p>`,
    parameters.length > 0 ? `<h3>Parameters</h3>${table(parameters.map(parameterRow))}` : '',
    body ? `<h3>Body</h3>${contentRows(body.content as Json)}` : '',
    `<h3>Answers</h3>${table(Object.entries(operation.responses as Json).map(answerRow))}`,
    '</div></details>',
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
  return [`<code>${escapeHtml(status)}</code>`, prose(description), content ? contentRows(content as Json) : '']
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
  const { $ref, type, anyOf, items, enum: values, const: constant, minimum, maximum, maxLength, maxItems } = schema
  if (typeof $ref === 'string') {
    const name = $ref.split('/').at(-1)
    return `<a href="#schema-${escapeHtml(name)}">${escapeHtml(name)}</a>`
  }
  if (Array.isArray(anyOf)) return anyOf.map((one) => typeText(one as Json)).join(' or ')
  if (Array.isArray(values)) return values.map((value) => `<code>${escapeHtml(value)}</code>`).join(' ')
  if (constant !== undefined) return `<code>${escapeHtml(JSON.stringify(constant))}</code>`
  if (items)
    return `list of ${typeText(items as Json)}${maxItems === undefined ? '' : `, up to ${escapeHtml(maxItems)}`}`
  const range =
    minimum !== undefined || maximum !== undefined ? ` ${escapeHtml(minimum ?? '')}–${escapeHtml(maximum ?? '')}` : ''
  return `<span class="dim">${escapeHtml(type ?? 'any')}${range}${maxLength === undefined ? '' : ` up to ${escapeHtml(maxLength)}`}</span>`
}

const table = (rows: readonly (readonly string[])[]): string =>
  `<table>${rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('')}</table>`

const prose = (text: unknown): string => escapeHtml(text ?? '').replace(/`([^`]+)`/g, '<code>$1</code>')

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escapeHtml = (text: unknown): string => String(text).replace(/[&<>"']/g, (found) => entities[found] as string)
