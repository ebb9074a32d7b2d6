import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../../src/engines/sqlite/testing/temporary-folder.ts'
import type { Edit } from './sabotage.ts'

export const root = fileURLToPath(new URL('../../..', import.meta.url))
const copied = [
  'protocol',
  'client',
  'server',
  'docs',
  'package.json',
  'tsconfig.base.json',
  'README.md',
  'ARCHITECTURE.md',
]
const leftOut = new Set(['node_modules', 'dist', 'data'])
const ownScope = '@headwater'
/** For what the tests write. */
export const scratch = 'scratch'

/** The sources in a folder of their own, with the packages of the real one: what is broken here is broken nowhere else. */
export class TreeCopy implements Disposable {
  readonly #folder = temporaryFolder()

  constructor() {
    for (const name of copied) {
      cpSync(join(root, name), join(this.path, name), {
        recursive: true,
        filter: (source) => !leftOut.has(basename(source)),
      })
    }
    mkdirSync(join(this.path, scratch))
    this.#linkPackages()
  }

  get path(): string {
    return this.#folder.path
  }

  /** Makes the edits; taken back when the result is disposed of. */
  edit(edits: readonly Edit[]): Disposable {
    using undo = new DisposableStack()
    for (const edit of edits) {
      const path = join(this.path, edit.file)
      const before = readFileSync(path, 'utf8')
      undo.defer(() => writeFileSync(path, before))
      writeFileSync(path, edited(before, edit))
    }
    return undo.move()
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]()
  }

  /** Our own packages must be those of the copy, all others may be those of the original. */
  #linkPackages(): void {
    const modules = join(this.path, 'node_modules')
    mkdirSync(join(modules, ownScope), { recursive: true })
    for (const name of readdirSync(join(root, 'node_modules'))) {
      if (name !== ownScope && name !== '.cache') symlinkSync(join(root, 'node_modules', name), join(modules, name))
    }
    for (const name of ['protocol', 'client', 'server'])
      symlinkSync(join(this.path, name), join(modules, ownScope, name))
  }
}

/** Throws where the text is not there, or more than once. */
export function edited(text: string, { file, find, replace }: Edit): string {
  const [before, after, ...more] = text.split(find)
  if (after === undefined) throw new Error(`${file} no longer has ${JSON.stringify(find)}`)
  if (more.length > 0) throw new Error(`${file} has ${JSON.stringify(find)} more than once`)
  return `${before}${replace}${after}`
}
