// `npm run lock`, after a change of dependencies: installs, and completes package-lock.json.
//
// Some tools carry one binary package for each platform, as optional dependencies. npm leaves those out of the
// lockfile that its registry does not have (a mirror often keeps the platforms it was asked for), and `npm ci` then
// refuses the lockfile as out of step, on every platform. Their names and versions are known from the tool's own
// manifest, so they are written in: a machine of another platform skips them, one of theirs fetches them.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { missingPlatforms } from './set-up/lock.mjs'

const lockFile = fileURLToPath(new URL('../package-lock.json', import.meta.url))

const npm = process.env.npm_execpath ?? join(process.execPath, '../../lib/node_modules/npm/bin/npm-cli.js')
const installed = spawnSync(process.execPath, [npm, 'install', '--ignore-scripts'], { stdio: 'inherit' })
if (installed.status !== 0) process.exit(1)

const lock = JSON.parse(readFileSync(lockFile, 'utf8'))
const missing = missingPlatforms(lock)
for (const [path, entry] of missing) lock.packages[path] = entry
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')))
writeFileSync(lockFile, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`package-lock.json: ${missing.length} packages of other platforms written in.`)
