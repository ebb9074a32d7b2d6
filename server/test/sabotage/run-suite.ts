import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Suite } from './suites.ts'
import { scratch } from './tree-copy.ts'

export interface SuiteResult {
  /** `green`: all tests passed; `red`: a test failed; `broken`: it never came to a test. */
  readonly verdict: 'green' | 'red' | 'broken'
  readonly seconds: number
  readonly output: string
}

/** For tests that only take their time; longer than they need on a machine that has others to serve. */
const patienceMs = 150_000
/** Something that the tests did not notice in this time is not noticed. */
const suiteTimeoutMs = 240_000

/** Runs the tests of a suite on the sources in a folder. */
export async function runSuite(
  folder: string,
  { files, env = {}, pattern, testTimeoutMs = patienceMs }: Suite,
): Promise<SuiteResult> {
  const started = performance.now()
  const args = [
    '--test',
    '--test-isolation=none',
    '--test-reporter=tap',
    '--test-force-exit',
    `--test-timeout=${testTimeoutMs}`,
    ...(pattern === undefined ? [] : [`--test-name-pattern=${pattern}`]),
    ...files,
  ]
  const child = spawn(process.execPath, args, {
    cwd: folder,
    timeout: suiteTimeoutMs,
    killSignal: 'SIGKILL',
    // What the tests leave behind, as they may when they fail, goes with the copy.
    env: { ...process.env, TMPDIR: join(folder, scratch), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  return { verdict: verdictOf(code, output), seconds: (performance.now() - started) / 1_000, output }
}

function verdictOf(code: number | null, output: string): SuiteResult['verdict'] {
  const count = (what: string): number => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(output)?.[1] ?? 0)
  // A file that cannot be loaded is told of as a test with the file's name.
  if (/^not ok \d+ - \S+\.test\.ts$/m.test(output)) return 'broken'
  if (count('fail') + count('cancelled') > 0) return 'red'
  return code === 0 && count('pass') > 0 ? 'green' : 'broken'
}
