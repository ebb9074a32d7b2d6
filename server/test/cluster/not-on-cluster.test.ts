import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { notOnCluster, patternOf } from './not-on-cluster.ts'

const root = join(import.meta.dirname, '../../..')

test('what is left out on a cluster is there, under its name, and has a reason', () => {
  for (const left of notOnCluster) {
    const { file, test: name, reason } = left
    assert.ok(readFileSync(join(root, file), 'utf8').includes(`test('${name}'`), `${file}: ${name}`)
    assert.ok(reason.length > 20, name)
    assert.match(name, new RegExp(patternOf(left).slice(1, -1)))
  }
})
