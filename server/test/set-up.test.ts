// What `npm start` does on a fresh clone, with an npm that only writes down what it was asked for.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

test('what the pages are built with is installed where NODE_ENV is production as well', () => {
  const clone = mkdtempSync(join(tmpdir(), 'headwater-set-up-'))
  try {
    cpSync(join(root, 'scripts/set-up'), join(clone, 'scripts/set-up'), { recursive: true })
    writeFileSync(join(clone, 'package-lock.json'), '{ "packages": { "node_modules/vite": { "dev": true } } }')
    const npm = join(clone, 'npm.js')
    writeFileSync(npm, `require('fs').writeFileSync('asked.json', JSON.stringify(process.argv.slice(2)))`)

    const program = `import { installDependencies } from './scripts/set-up/install.mjs'; process.exit(installDependencies() ? 0 : 1)`
    const env = { PATH: process.env.PATH, NODE_ENV: 'production', npm_execpath: npm }
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: clone,
      env,
      encoding: 'utf8',
    })

    assert.equal(status, 0, stderr)
    const asked = JSON.parse(readFileSync(join(clone, 'asked.json'), 'utf8'))
    assert.equal(asked[0], 'ci')
    assert.ok(asked.includes('--include=dev'), `npm ${asked.join(' ')}`)
  } finally {
    rmSync(clone, { recursive: true, force: true })
  }
})
