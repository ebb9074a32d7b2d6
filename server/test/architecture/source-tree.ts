import { globSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { parseSource, type SourceFile } from './source-file.ts'

const root = join(import.meta.dirname, '../../..')
const workspaces = '{protocol,client,react,server,web,bench}'

/** The paths of everything in the workspaces, from the repository's root, with `/`. */
export function listFiles(): string[] {
  return globSync(`${workspaces}/**/*.*`, { cwd: root, exclude: ['**/node_modules/**', '**/dist/**'] })
    .map((path) => path.split(sep).join('/'))
    .sort()
}

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** Every TypeScript file of the workspaces, parsed. */
export function readSources(): SourceFile[] {
  return listFiles()
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => parseSource(path, readText(path)))
}

/** The packages that each workspace's package.json declares. */
export function declaredPackages(workspace: string): ReadonlySet<string> {
  const manifest = JSON.parse(readText(`${workspace}/package.json`)) as Record<string, Record<string, string>>
  const fields = ['dependencies', 'peerDependencies', 'optionalDependencies', 'devDependencies']
  return new Set(fields.flatMap((field) => Object.keys(manifest[field] ?? {})))
}
