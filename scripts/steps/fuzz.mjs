import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../set-up/root.mjs'
import { installPackage, mayInstall, missing } from './needs.mjs'
import { run } from './run.mjs'

const script = join(root, 'scripts/fuzz-openapi.mjs')
const folder = join(root, 'node_modules/.cache/schemathesis')
const version = '4.32.5'
const bin = process.platform === 'win32' ? 'Scripts' : 'bin'
const schemathesis = join(folder, bin, process.platform === 'win32' ? 'schemathesis.exe' : 'schemathesis')

/** Schemathesis against the server's own OpenAPI document. The script finds it in HEADWATER_SCHEMATHESIS. */
export async function fuzz() {
  if (!existsSync(script)) return { ok: true, output: '', absent: true }
  const trouble = await bringSchemathesis()
  if (trouble !== undefined) return missing(`Schemathesis cannot be installed: ${trouble}`)
  const { code, output } = await run(process.execPath, [script], { env: { HEADWATER_SCHEMATHESIS: schemathesis } })
  return { ok: code === 0, output }
}

/** Into an environment of its own below node_modules. Returns what went wrong, if anything did. */
export async function bringSchemathesis() {
  if (existsSync(schemathesis)) return undefined
  let made = await run('python3', ['-m', 'venv', '--clear', folder])
  if (made.code !== 0 && mayInstall) {
    await installPackage('python3-venv')
    made = await run('python3', ['-m', 'venv', '--clear', folder])
  }
  if (made.code !== 0) return `python3 -m venv failed: ${lastLine(made.output)}`
  const pip = ['-m', 'pip', 'install', '-q', '--no-input', '--disable-pip-version-check', `schemathesis==${version}`]
  const installed = await run(join(folder, bin, 'python'), pip)
  return installed.code === 0 ? undefined : `pip failed: ${lastLine(installed.output)}`
}

function lastLine(text) {
  return text.trim().split('\n').at(-1) ?? ''
}
