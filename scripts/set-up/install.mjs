// Installs what package-lock.json names, when that is not what node_modules holds.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './root.mjs'

const lockFile = join(root, 'package-lock.json')
const stampFile = join(root, 'node_modules/.cache/headwater/lock.sha256')

/** Returns false, having said why, if the dependencies could not be installed. */
export function installDependencies() {
  const lock = readFileSync(lockFile)
  const stamp = createHash('sha256').update(lock).digest('hex')
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return true

  if (!isInstalled(JSON.parse(lock.toString()))) {
    console.error('headwater: installing dependencies (once; about 20 seconds) …')
    if (!runNpmCi()) {
      console.error(
        'headwater: the dependencies could not be installed; the lines above say why. This first step needs the ' +
          'npm registry. Later starts need no network.',
      )
      return false
    }
  }
  mkdirSync(join(stampFile, '..'), { recursive: true })
  writeFileSync(stampFile, stamp)
  return true
}

/**
 * Whether node_modules holds what the lockfile asks for, by npm's own record of what it installed. Someone who
 * ran `npm ci` or `npm install` by hand is not made to wait for a second one.
 */
function isInstalled(lock) {
  const record = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(record)) return false
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (!path.includes('node_modules/')) return true
    const found = installed[path]
    // Optional packages of other platforms are not there, and need not be.
    if (found === undefined) return wanted.optional === true || wanted.devOptional === true
    return found.version === wanted.version && found.integrity === wanted.integrity
  })
}

/** npm waits up to two minutes by default before it says that there is no network. */
const patience = ['--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000']

function runNpmCi() {
  // npm names itself to the scripts it runs. Without it (`node scripts/bootstrap.mjs`) the one on PATH is used;
  // on Windows that is a .cmd file, which only a shell starts.
  const npm = process.env.npm_execpath
  // The pages are built with what npm takes for a developer's alone, and leaves out where NODE_ENV is `production`.
  const args = ['ci', '--include=dev', '--ignore-scripts', '--loglevel=error', '--prefer-offline', ...patience]
  const options = { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }
  const result = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' })
  if (result.error !== undefined) console.error(`headwater: npm could not be started: ${result.error.message}`)
  return result.status === 0
}
