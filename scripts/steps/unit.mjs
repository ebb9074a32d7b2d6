import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../set-up/root.mjs'
import { architectureTests, testFiles } from './node-tests.mjs'

/**
 * `npm run test:unit -- fan-out`: the test files whose path contains a word, with each test named. Without a word
 * it runs the pure ones. What starts with a dash goes to node (`--test-name-pattern=…`, `--watch`).
 */
export function unit(args) {
  const words = args.filter((arg) => !arg.startsWith('-'))
  const flags = args.filter((arg) => arg.startsWith('-'))
  const groups = testFiles()
  const all = [
    ...architectureTests,
    ...groups.pure,
    ...groups.whole,
    ...groups.power,
    ...groups.cluster,
    ...groups.browser,
  ]
  const files = words.length === 0 ? groups.pure : all.filter((path) => words.some((word) => path.includes(word)))
  if (files.length === 0) {
    console.error(`No test file has ${words.join(' or ')} in its path.`)
    return 1
  }
  const node = ['--test', '--test-isolation=none', '--test-reporter=spec', ...flags]
  return spawnSync(process.execPath, [...node, ...files.map((path) => join(root, path))], {
    cwd: root,
    stdio: 'inherit',
  }).status
}
