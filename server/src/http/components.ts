/**
 * Collects the schemas that have a `title`: in a document each is written once under its title and referred to from
 * everywhere else.
 */
export function componentsOf() {
  const schemas: Record<string, unknown> = {}

  const shownAs = (schema: object): unknown => (schema as { readonly 'x-shown'?: unknown })['x-shown']

  const inline = (schema: object): unknown =>
    Object.fromEntries(
      Object.entries(schema)
        .filter(([name]) => !name.startsWith('~') && name !== 'x-error')
        .map(([name, value]) => [name, refer(value)]),
    )

  /** The schema as a document shows it: without what is only for us, and with references in place of components. */
  const refer = (schema: unknown): unknown => {
    if (Array.isArray(schema)) return schema.map(refer)
    if (typeof schema !== 'object' || schema === null) return schema
    const shown = shownAs(schema)
    if (shown !== undefined) return refer(shown)
    const { title } = schema as { readonly title?: unknown }
    if (typeof title !== 'string') return inline(schema)
    if (!(title in schemas)) {
      schemas[title] = {}
      schemas[title] = inline(schema)
    }
    return { $ref: `#/components/schemas/${title}` }
  }

  return { schemas, refer }
}
