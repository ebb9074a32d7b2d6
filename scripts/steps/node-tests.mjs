import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { root } from '../set-up/root.mjs'

const wholeOutput = new URL('whole-output.mjs', import.meta.url).href

/** The rules of the architecture are tests as well, and have a step of their own. */
export const architectureTests = ['server/test/imports.test.ts', 'server/test/seams.test.ts']

/**
 * The test files of a group: `browser` needs a browser, `power` needs disks of its own, `cluster` needs real services
 * (`npm run services`), `whole` starts engines or servers, `pure` is the rest.
 */
export function testFiles() {
  const groups = { pure: [], whole: [], power: [], browser: [], cluster: [] }
  const files = globSync('{protocol,client,server,web}/**/*.test.{ts,tsx}', {
    cwd: root,
    exclude: ['**/node_modules/**', '**/dist/**'],
  })
  for (const path of files.map((file) => file.split(sep).join('/')).sort()) {
    if (!architectureTests.includes(path)) groups[groupOf(path)].push(path)
  }
  return groups
}

function groupOf(path) {
  if (path.startsWith('server/test/browser/')) return 'browser'
  if (path.startsWith('server/test/power/')) return 'power'
  if (/^server\/(src\/engines\/(kafka|cassandra|redis|postgres)|test\/(cluster|services))\//.test(path))
    return 'cluster'
  return path.startsWith('server/test/') || path.startsWith('server/src/engines/') ? 'whole' : 'pure'
}

/** What hangs is to end; tests that are asked for ten times as much have thirty times as long: a machine may be busy for hours. */
const defaultTimeoutMs = () => (process.env.HEADWATER_LONG === undefined ? 120_000 : 3_600_000)

/**
 * Runs test files with node:test. A process for each file costs a tenth of a second, most of it for loading the
 * same modules again, and buys nothing for pure functions: those share one process. Tests that open
 * sockets, files and workers get their own, and as many run at once as there are cores.
 */
export async function nodeTests(
  files,
  { isolated, concurrency = availableParallelism(), timeoutMs = defaultTimeoutMs(), env = {}, load = [], skip = [] },
) {
  if (files.length === 0) return { ok: true, output: '' }
  const folder = mkdtempSync(join(tmpdir(), 'headwater-totals-'))
  const totals = join(folder, 'totals.json')
  try {
    const code = await inForeground(
      [
        ...[...(isolated ? [wholeOutput] : []), ...load].map((file) => `--import=${file}`),
        '--test',
        ...skip.map((pattern) => `--test-skip-pattern=${pattern}`),
        `--test-isolation=${isolated ? 'process' : 'none'}`,
        ...(isolated ? [`--test-concurrency=${concurrency}`] : []),
        `--test-timeout=${timeoutMs}`,
        // What a test that ran out of time left open must not hold up the rest.
        ...(isolated ? ['--test-force-exit'] : []),
        `--test-reporter=${join(root, 'scripts/steps/failures-reporter.mjs')}`,
        ...files,
      ],
      { ...env, HEADWATER_TEST_TOTALS: totals },
    )
    return resultOf(code, readTotals(totals))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs Node on this process's own output, so that failures show while the rest is still running. */
function inForeground(args, env) {
  return new Promise((resolve, reject) => {
    const options = { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit'] }
    const child = spawn(process.execPath, args, options)
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}

function readTotals(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

function resultOf(code, totals) {
  if (totals === undefined) {
    return { ok: false, output: `The test process ended with code ${code} before it had counted its tests.\n` }
  }
  // Files that register no test would otherwise count as success.
  const output = totals.tests === 0 ? 'These files hold no tests.\n' : ''
  const failed = totals.failed + totals.cancelled
  return { ok: code === 0 && failed === 0 && output === '', output, passed: totals.passed, failed, files: totals.files }
}
