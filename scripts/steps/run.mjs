import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { root } from '../set-up/root.mjs'

/** Runs a command in the root folder, or in `cwd`. Returns its exit code and everything it wrote. */
export function run(command, args, { env = {}, cwd = root, timeout } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      timeout,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    }
    child.once('error', (error) => resolve({ code: 1, output: `${command}: ${error.message}\n` }))
    child.once('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/**
 * Runs a tool of node_modules, by its JavaScript file, so that no shell and no .cmd file is between. Without colours:
 * some tools paint even into a pipe when CI is set, and what they say is searched for file names.
 */
export async function runTool(file, args) {
  const env = { NO_COLOR: '1', FORCE_COLOR: '0' }
  const { code, output } = await run(process.execPath, [join(root, 'node_modules', file), ...args], { env })
  return { code, output: stripVTControlCharacters(output) }
}
