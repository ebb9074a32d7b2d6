import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder, and those that it is in, for its owner alone; the first one that was made, if one was. Node's own way never
 * comes back where the system says of a folder that is there that it is not, as it does in /proc.
 */
export function makeFolder(path: string): string | undefined {
  const { missing, there } = partsOf(path)
  if (missing.length === 0) refuseOther(there)
  for (const folder of missing) makeOne(folder)
  return missing[0]
}

/** Throws when the folder cannot be made, or written into; makes nothing. */
export function checkFolder(path: string): void {
  const { there } = partsOf(path)
  refuseOther(there)
  accessSync(there, constants.W_OK)
}

/** What is missing of a path, the outermost first, and what is there of it. */
function partsOf(path: string): { readonly missing: readonly string[]; readonly there: string } {
  const missing: string[] = []
  let there = resolve(path)
  for (; !existsSync(there) && dirname(there) !== there; there = dirname(there)) missing.unshift(there)
  return { missing, there }
}

function makeOne(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    // Another process made it meanwhile, or it is a link to nothing, which is told apart here.
    refuseOther(folder)
  }
}

function refuseOther(folder: string): void {
  if (!statSync(folder).isDirectory()) throw Object.assign(new Error(`${folder} is no folder`), { code: 'ENOTDIR' })
}
