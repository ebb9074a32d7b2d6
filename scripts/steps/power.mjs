import { installPackage } from './needs.mjs'
import { nodeTests, testFiles } from './node-tests.mjs'
import { run } from './run.mjs'

/** Brings strace where that is allowed and it is missing. */
export async function bringStrace() {
  if ((await run('strace', ['--version'])).code !== 0) await installPackage('strace')
}

/**
 * Power cuts, and disks that are full, read-only, damaged or failing. The tests that need root or strace say so
 * themselves: in one line where they are missing, by failing in CI.
 */
export async function power() {
  await bringStrace()
  return nodeTests(testFiles().power, { isolated: true })
}
