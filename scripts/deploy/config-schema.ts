import { type Key, keys } from '../../server/src/config/schema.ts'

interface Node {
  type: string
  description?: string
  additionalProperties?: boolean
  properties?: Record<string, Node>
  minimum?: number
  maximum?: number
  enum?: readonly string[]
  items?: Node
}

/** What the chart sets itself; where a pod listens and keeps files is no choice. */
const ownedByChart = ['engine', 'roles', 'http.host', 'http.port', 'data.dir', 'cluster.servicesFile']

export const chartKeys: readonly Key[] = keys.filter(
  ({ name, field }) => !field.secret && !ownedByChart.includes(name) && !name.startsWith('demo.'),
)

/** JSON Schema of the settings that the chart's `config` takes: every key that is neither secret nor the chart's own. */
export function configSchema(): Node {
  const root: Node = { type: 'object', additionalProperties: false, properties: {} }
  for (const { path, field } of chartKeys) {
    let node = root
    for (const part of path.slice(0, -1)) {
      node.properties ??= {}
      node.properties[part] ??= { type: 'object', additionalProperties: false, properties: {} }
      node = node.properties[part]
    }
    node.properties ??= {}
    node.properties[path.at(-1) ?? ''] = { ...typeOf(field.expects), description: field.doc }
  }
  return root
}

/** A field says in words what it takes; each of its ways of saying so is known here. */
function typeOf(expects: string): Node {
  const range = /^a whole number from (-?\d+) to (\d+)$/.exec(expects)
  if (range) return { type: 'integer', minimum: Number(range[1]), maximum: Number(range[2]) }
  const names = /^one of (.+)$/.exec(expects)?.[1]
  if (names !== undefined) return { type: 'string', enum: names.split(', ') }
  if (expects === 'true or false') return { type: 'boolean' }
  if (expects.startsWith('a list of texts')) return { type: 'array', items: { type: 'string' } }
  if (expects === 'a text') return { type: 'string' }
  throw new Error(`a field expects ${expects}, which has no JSON Schema here`)
}
