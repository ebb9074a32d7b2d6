// What a step needs of the machine, beyond what npm brings. In CI it is installed, or its absence is a failure;
// a user gets one loud line and the other steps.

export const isCI = process.env.CI === 'true' || process.env.CI === '1'

/** The result of a step that could not run. */
export function missing(what) {
  return isCI ? { ok: false, output: `${what}\n` } : { ok: true, output: '', skipped: what }
}

/** Whether packages of the system may be installed: in CI, as root, never on somebody's own machine. */
export const mayInstall = isCI && process.getuid?.() === 0
