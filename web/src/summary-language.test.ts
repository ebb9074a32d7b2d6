/// <reference types="node" />
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { summaryLanguage } from './summary-language.ts'

const cases: readonly (readonly [wanted: readonly string[], language: string | undefined])[] = [
  [['en-US', 'en'], undefined],
  [['de-AT', 'en'], 'de'],
  [['en', 'de'], undefined],
  [['pl', 'fr-CA', 'en'], 'fr'],
  [['pl'], undefined],
  [['ZH-Hant-TW'], 'zh'],
  [[], undefined],
]
for (const [wanted, language] of cases) {
  test(`who reads ${wanted.join(', ') || 'nothing'} gets ${language ?? 'what the page is in'}`, () =>
    assert.equal(summaryLanguage(wanted), language))
}
