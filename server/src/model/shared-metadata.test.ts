import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '@headwater/protocol'
import { sharedMetadata } from './shared-metadata.ts'

test('metadata that says the same is kept once', () => {
  for (const known of [{}, { preview: 'Sunset', n: 1, is: null }] as JsonObject[])
    assert.equal(sharedMetadata(known, { ...known }), known)
})

test('metadata that says anything else, or that is not plain, is its own', () => {
  const known: JsonObject = { preview: 'Sunset', list: [1] }
  const others: JsonObject[] = [
    {},
    { preview: 'Sunset' },
    { preview: 'Sunset', list: [1] },
    { preview: 'Dawn', list: known.list as [] },
    { ...known, more: true },
    { toString: 'Sunset', list: known.list as [] },
  ]
  for (const next of others) assert.equal(sharedMetadata(known, next), next)
  const first: JsonObject = {}
  for (const nobody of [null, undefined]) assert.equal(sharedMetadata(nobody, first), first)
})
