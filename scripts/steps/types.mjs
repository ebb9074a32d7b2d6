import { globSync } from 'node:fs'
import { root } from '../set-up/root.mjs'
import { runTool } from './run.mjs'

/** Each tsconfig with one of the files it is for: tsc fails on a project that has none yet. */
const projects = [
  { config: 'protocol/tsconfig.json', files: 'protocol/src/**/*.ts' },
  { config: 'client/tsconfig.json', files: 'client/src/**/*.ts' },
  { config: 'server/tsconfig.json', files: 'server/src/**/*.ts' },
  { config: 'server/test/tsconfig.json', files: 'server/test/**/*.ts' },
  { config: 'web/tsconfig.json', files: 'web/src/**/*.{ts,tsx}' },
  { config: 'tsconfig.json', files: '{protocol,client,bench}/**/*.ts' },
]

export async function types() {
  const checks = projects
    .filter(({ files }) => globSync(files, { cwd: root, exclude: ['**/node_modules/**'] }).length > 0)
    .map(({ config }) => runTool('typescript/bin/tsc', ['-p', config]))
  const results = await Promise.all(checks)
  // The tests' projects read the sources again, and would repeat each error found there.
  const lines = new Set(results.flatMap(({ output }) => output.split('\n')))
  return { ok: results.every(({ code }) => code === 0), output: [...lines].join('\n') }
}
