import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createWishedLanguage } from './wished-language.ts'

const languages = ['en', 'de', 'es', 'fr', 'ja', 'zh', 'zh-hant', 'nl']

for (const [header, wished] of [
  [undefined, null],
  ['', null],
  ['*', null],
  ['de', 'de'],
  ['DE-at', 'de'],
  ['it, de', 'de'],
  ['it', null],
  ['pt-BR,pt;q=0.9,es;q=0.8', 'es'],
  ['xx, de;q=0.3', 'de'],
  ['fil, fr-BE', 'fr'],
  ['nl', 'nl'],
  ['fr;q=0.5, zh-Hans-CN;q=0.9, *;q=0.1', 'zh'],
  ['zh-Hant-TW, zh;q=0.9', 'zh-hant'],
  ['de;q=0.5, en;q=0.5', 'de'],
  ['de;q=0.3, es;q=0.31', 'es'],
  ['de;q=0', null],
  ['de;q=0, fr;q=0.1', 'fr'],
  ['de;q=0.0, de-AT', null],
  ['*, de;q=0.5', 'de'],
  ['*;q=0', null],
  ['de;q=2, fr;q=0.1', 'fr'],
  ['de;q=x, fr;q=0.1', 'fr'],
  ['de ; Q=0.2 , fr; q=0.9', 'fr'],
  ['{x}, <b>, %s', null],
  ['constructor, __proto__', null],
  [`${'it,'.repeat(20)}de`, 'de'],
  [`${'it,'.repeat(2_000)}de`, null],
] as const) {
  test(`${header?.slice(0, 40)}: ${wished}`, () => {
    const wishedLanguage = createWishedLanguage(languages)
    assert.equal(wishedLanguage(header), wished)
    assert.equal(wishedLanguage(header), wished, 'and again')
  })
}

test('headers that are made up do not change the answer to others', () => {
  const wishedLanguage = createWishedLanguage(languages)
  for (let i = 0; i < 2_000; i++) assert.equal(wishedLanguage(`it;q=0.${i % 1_000}, x${i % 7}, fr`), 'fr')
  assert.equal(wishedLanguage('it, de'), 'de')
})
