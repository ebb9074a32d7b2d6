import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { ConfigError } from './config-error.ts'
import { loadSettings } from './load.ts'

test('an API key is what a header can carry', () => {
  for (const [variable, name] of [
    ['HEADWATER_API_KEY', 'auth.apiKey'],
    ['HEADWATER_AUTH__PREVIOUS_API_KEY', 'auth.previousApiKey'],
  ] as const) {
    for (const key of ['planted-key\n', 'planted key', 'plänted'])
      assert.throws(
        () => loadSettings({ cwd: tmpdir(), environment: { [variable]: key } }),
        (error) => {
          assert.ok(error instanceof ConfigError)
          assert.deepEqual(
            error.problems.map((problem) => problem.key),
            [name],
          )
          assert.doesNotMatch(error.message, /pl.nted/)
          return true
        },
      )
    loadSettings({ cwd: tmpdir(), environment: { [variable]: 'p1a+n/t=e.d~-_' } })
  }
})
