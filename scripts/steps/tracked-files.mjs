import { globSync } from 'node:fs'
import { root } from '../set-up/root.mjs'
import { run } from './run.mjs'

/**
 * The paths of what is, or is about to be, in the repository. A folder unpacked from an archive has no git, nor
 * may the machine: there it is everything but what .gitignore leaves out.
 */
export async function trackedFiles() {
  const { code, output } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'])
  if (code === 0) return output.split('\0').filter((path) => path !== '')
  return globSync('**', { cwd: root, exclude: ['**/node_modules', '**/dist', '.git'], withFileTypes: false })
}
