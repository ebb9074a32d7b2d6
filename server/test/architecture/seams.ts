// Time, chance, timers and the environment enter through lib/ and config/, so that the whole server runs under a
// seeded, virtual clock. This finds where code reaches past them.
import { type ESTree, Visitor } from 'rolldown/utils'
import { isTest, lineOf, type SourceFile } from './source-file.ts'

/** Where the seams are made, and what runs before they exist. */
const seamPlaces = ['server/src/lib/', 'server/src/config/', 'server/src/cli/', 'server/src/main.ts']

/** Files that cannot be given the seams, each with its reason. */
export const seamExceptions: ReadonlyMap<string, string> = new Map()

const members: Readonly<Record<string, readonly string[]>> = {
  AbortSignal: ['timeout'],
  crypto: ['getRandomValues', 'randomBytes', 'randomFill', 'randomFillSync', 'randomInt', 'randomUUID', 'randomUUIDv7'],
  Date: ['now'],
  Math: ['random'],
  performance: ['now'],
  process: ['env', 'hrtime'],
}
const timers = ['setImmediate', 'setInterval', 'setTimeout']

/** What comes from these modules is one of the members above under another name, or a timer. */
const modules: Readonly<Record<string, readonly string[]>> = {
  'node:crypto': members.crypto!,
  'node:perf_hooks': ['performance'],
  'node:process': members.process!,
  'node:timers': timers,
  'node:timers/promises': [...timers, 'scheduler'],
}

export function needsSeams(path: string): boolean {
  return path.startsWith('server/src/') && !isTest(path) && !seamPlaces.some((place) => path.startsWith(place))
}

/** Each place where a file reaches past the seams, as `path:line what`. */
export function seamLeaks({ path, text, program }: SourceFile): string[] {
  const leaks: string[] = []
  const leak = (node: { start: number }, what: string) => leaks.push(`${path}:${lineOf(text, node.start)} ${what}`)

  new Visitor({
    MemberExpression(node) {
      const object = nameOf(node.object)
      const property = propertyOf(node)
      if (object !== undefined && property !== undefined) {
        if (members[object]?.includes(property)) leak(node, `${object}.${property}`)
        if (object === 'globalThis' && timers.includes(property)) leak(node, property)
      }
    },
    VariableDeclarator({ id, init }) {
      const object = init === null ? undefined : nameOf(init)
      if (object === undefined || id.type !== 'ObjectPattern') return
      for (const property of id.properties) {
        const name = property.type === 'Property' ? nameOf(property.key) : undefined
        if (name !== undefined && members[object]?.includes(name)) leak(property, `${object}.${name}`)
      }
    },
    NewExpression(node) {
      if (nameOf(node.callee) === 'Date' && node.arguments.length === 0) leak(node, 'new Date()')
    },
    CallExpression(node) {
      const name = node.callee.type === 'Identifier' ? node.callee.name : undefined
      if (name !== undefined && timers.includes(name)) leak(node, name)
      if (name === 'Date') leak(node, 'Date()')
    },
    ImportDeclaration(node) {
      const forbidden = modules[node.source.value] ?? []
      for (const specifier of node.specifiers) {
        const name = specifier.type === 'ImportSpecifier' ? nameOf(specifier.imported) : undefined
        if (name !== undefined && forbidden.includes(name)) leak(specifier, `${name} of ${node.source.value}`)
      }
    },
  }).visit(program)
  return leaks
}

/** `Date` of both `Date` and `globalThis.Date`. */
function nameOf(node: ESTree.Node): string | undefined {
  if (node.type === 'Identifier') return node.name
  if (node.type === 'MemberExpression' && nameOf(node.object) === 'globalThis') return propertyOf(node)
  return undefined
}

function propertyOf({ property, computed }: ESTree.MemberExpression): string | undefined {
  if (!computed) return property.type === 'Identifier' ? property.name : undefined
  return property.type === 'Literal' ? String(property.value) : undefined
}
