// A source file as the rules of the architecture see it: what it imports, and what its code (not its comments)
// says. The parser comes with the bundler of the web pages; TypeScript 7 has no compiler API.
import { posix } from 'node:path'
import { type ESTree, parseSync, Visitor } from 'rolldown/utils'

export interface Import {
  /** As written: `./group.ts`, `@headwater/protocol`, `node:fs`. */
  readonly specifier: string
  /** A relative specifier as a path from the repository's root. */
  readonly path: string | undefined
  /** `import type …`: gone before the code runs. */
  readonly erased: boolean
  readonly dynamic: boolean
  /** False for `import(name)`: then `specifier` is the expression. */
  readonly literal: boolean
  readonly line: number
}

export interface SourceFile {
  /** From the repository's root, with `/`. */
  readonly path: string
  readonly text: string
  readonly program: ESTree.Program
  readonly imports: readonly Import[]
}

export function parseSource(path: string, text: string): SourceFile {
  const { program, module, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]!.message}`)

  const imports: Import[] = []
  const add = (specifier: string, start: number, kind: Partial<Import> = {}) => {
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined
    const line = lineOf(text, start)
    imports.push({ specifier, path: target, erased: false, dynamic: false, literal: true, line, ...kind })
  }
  const erased = (start: number) => /^(?:import|export)\s+type\b/.test(text.slice(start, start + 40))

  for (const { moduleRequest, start } of module.staticImports) {
    add(moduleRequest.value, start, { erased: erased(start) })
  }
  for (const { entries, start } of module.staticExports) {
    const from = entries.find(({ moduleRequest }) => moduleRequest !== null)?.moduleRequest
    if (from) add(from.value, start, { erased: erased(start) })
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    const code = text.slice(moduleRequest.start, moduleRequest.end)
    const quoted = /^(['"`])([^$]*)\1$/.exec(code)?.[2]
    add(quoted ?? code, start, { dynamic: true, literal: quoted !== undefined })
  }
  new Visitor({
    // `import('./x.ts').Type` in the place of a type.
    TSImportType: (node) => add(node.source.value, node.start, { erased: true }),
    // `new Worker(new URL('./x.ts', import.meta.url))` loads a module as an import does.
    NewExpression: (node) => {
      const [first] = node.arguments
      const isUrl = node.callee.type === 'Identifier' && node.callee.name === 'URL'
      if (isUrl && first?.type === 'Literal' && /^\..*\.ts$/.test(String(first.value))) {
        add(String(first.value), node.start, { dynamic: true })
      }
    },
  }).visit(program)

  return { path, text, program, imports }
}

export function lineOf(text: string, position: number): number {
  return text.slice(0, position).split('\n').length
}

/**
 * Tests, and what only they use: the folders called testing, `engines/<engine>/run-on-<engine>.ts`, which gives an
 * engine to the conformance suite, and `engines/services-for-tests.ts`, which finds the services of the cluster's engines.
 */
export function isTest(path: string): boolean {
  return (
    /\.test\.tsx?$|\/testing\/|\/run-on-[\w-]+\.ts$|\/services-for-tests\.ts$/.test(path) ||
    path.startsWith('server/test/')
  )
}
