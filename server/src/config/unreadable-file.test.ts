import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ConfigError } from './config-error.ts'
import { loadSettings } from './load.ts'

const cwd = mkdtempSync(join(tmpdir(), 'headwater-config-'))
after(() => rmSync(cwd, { recursive: true, force: true }))

const planted = 'planted-secret'
const withKey = (value: string) => `{\n "http": {},\n "auth": {\n  "apiKey": ${value}\n }\n}`

const files: readonly (readonly [string, string, RegExp])[] = [
  ['without quotes', withKey(planted), /not valid JSON: Unexpected token 'p' in line 4$/],
  ['without an end', withKey(`"${planted}`), /not valid JSON: Bad control character/],
  ['with something behind it', withKey(`"${planted}" x`), /not valid JSON: Expected ',' or '}'/],
  ['first', `${planted} and more of it than is quoted`, /not valid JSON: Unexpected token 'p' in line 1$/],
  ['alone', planted, /not valid JSON: Unexpected token 'p' in line 1$/],
  ['in the place of a section', `{"redis": "redis://:${planted}@redis"}`, /^expected a section/],
  ['in the place of all', `"${planted}"`, /^expected a JSON object$/],
]

for (const [where, content, message] of files) {
  test(`a secret in a file that cannot be read is not repeated: ${where}`, () => {
    writeFileSync(join(cwd, 'headwater.json'), content)
    assert.throws(
      () => loadSettings({ cwd }),
      (error) => {
        assert.ok(error instanceof ConfigError)
        const [problem, ...more] = error.problems
        assert.deepEqual(more, [])
        assert.match(problem?.message ?? '', message)
        assert.doesNotMatch(error.message, /plant|secret/)
        return true
      },
    )
  })
}
