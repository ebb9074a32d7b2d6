import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as exported from './suite.ts'
import { promisesOf, type Suite } from './suite.ts'

const isSuite = (value: unknown): value is Suite<AsyncDisposable> =>
  typeof value === 'object' && value !== null && 'promises' in value && 'model' in value

for (const suite of Object.values<unknown>(exported).filter(isSuite)) {
  test(`${suite.name}: every promise above the port is a case, and every case a promise`, () => {
    const source = readFileSync(new URL(`../ports/${suite.name}.ts`, import.meta.url), 'utf8')
    assert.deepEqual([...promisesOf(suite)].sort(), promisesIn(source).sort())
  })
}

/** The items of the list behind "Promises, each a case in". */
function promisesIn(source: string): string[] {
  const comment = source.match(/Promises, each a case in[^\n]*\n(.*?)\*\//s)?.[1] ?? ''
  const text = comment.replace(/^\s*\* ?/gm, '')
  return text
    .split(/^- /m)
    .slice(1)
    .map(
      (item) =>
        item
          .split(/\n\s*\n/)[0]
          ?.replace(/\s+/g, ' ')
          .trim() ?? '',
    )
}
