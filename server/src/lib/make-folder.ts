import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder, and those that it is in, for its owner alone; the first one that was made, if one was. Node's own way never
 * comes back where the system says of a folder that is there that it is not, as it does in /proc.
 */
export function makeFolder(path: string): string | undefined {
  const missing: string[] = []
  let at = resolve(path)
  for (; !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.unshift(at)
  if (missing.length === 0) refuseOther(at)
  for (const folder of missing) makeOne(folder)
  return missing[0]
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
