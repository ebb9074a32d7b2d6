// Builds web/ into web/dist with Vite, when its sources are not those of the last build.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findNode } from '../../server/bin/pinned-node.mjs'
import { root } from './root.mjs'

const stampFile = join(root, 'node_modules/.cache/headwater/web.sha256')

/** What ends up in the built pages. Vite itself and React change with the lockfile. */
const sources = ['web', 'client/src', 'protocol/src', 'package-lock.json']

/** Returns false, having said why, if the pages could not be built. */
export function buildWeb() {
  if (!existsSync(join(root, 'web/vite.config.ts'))) return true
  const stamp = hashOf(sources)
  const isBuilt = existsSync(join(root, 'web/dist/index.html'))
  if (isBuilt && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return true

  console.error('headwater: building the web pages …')
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  const result = spawnSync(findNode() ?? process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: join(root, 'web'),
    // Vite has nothing to say on stdout at this level; what it warns of goes where our own progress goes.
    stdio: ['ignore', 2, 2],
  })
  if (result.status !== 0) {
    console.error('headwater: the web pages could not be built; the lines above say why.')
    return false
  }
  mkdirSync(join(stampFile, '..'), { recursive: true })
  writeFileSync(stampFile, stamp)
  return true
}

function hashOf(paths) {
  const hash = createHash('sha256')
  for (const path of paths.flatMap(filesUnder).sort()) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0')
  }
  return hash.digest('hex')
}

const ignored = new Set(['dist', 'node_modules'])

function filesUnder(path) {
  if (!existsSync(join(root, path))) return []
  if (statSync(join(root, path)).isFile()) return [path]
  return readdirSync(join(root, path))
    .filter((name) => !ignored.has(name) && !name.endsWith('.test.ts'))
    .flatMap((name) => filesUnder(`${path}/${name}`))
}
