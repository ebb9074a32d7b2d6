// What a step needs of the machine, beyond what npm brings. In CI it is installed, or its absence is a failure;
// a user gets one loud line and the other steps.
import { run } from './run.mjs'

export const isCI = process.env.CI === 'true' || process.env.CI === '1'

/** The result of a step that could not run. */
export function missing(what) {
  return isCI ? { ok: false, output: `${what}\n` } : { ok: true, output: '', skipped: what }
}

/** Whether packages of the system may be installed: in CI, as root, never on somebody's own machine. */
export const mayInstall = isCI && process.getuid?.() === 0

/** Brings a package of Debian where that is allowed. Returns what apt-get wrote if it failed, and nothing otherwise. */
export async function installPackage(name) {
  if (!mayInstall) return ''
  const update = await run('apt-get', ['update', '-q'])
  const install = await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', name], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  })
  return install.code === 0 ? '' : `${update.output}${install.output}`
}
