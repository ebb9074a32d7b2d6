/// <reference types="node" />
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namesIn } from './names-in.ts'

const cases: readonly (readonly [sentence: string, names: readonly string[], marked: string])[] = [
  ['Mia liked your post', ['Mia'], '[Mia] liked your post'],
  ['Mia, Ben and 12 others liked your post', ['Mia', 'Ben', 'Bob'], '[Mia], [Ben] and 12 others liked your post'],
  ['Ann and Annabel liked your post', ['Ann', 'Annabel'], '[Ann] and [Annabel] liked your post'],
  ['Annabel and Ann liked your post', ['Annabel', 'Ann'], '[Annabel] and [Ann] liked your post'],
  ['Li and a liked your post', ['Li', 'a'], '[Li] and [a] liked your post'],
  ['liked liked your post', ['liked'], '[liked] liked your post'],
  ['Mia and Mia liked your post', ['Mia', 'Mia'], '[Mia] and [Mia] liked your post'],
  [
    '山田 太郎さんがあなたの投稿に「いいね！」しました',
    ['山田 太郎'],
    '[山田 太郎]さんがあなたの投稿に「いいね！」しました',
  ],
  ['A. (x) and $& liked your post', ['A. (x)', '$&'], '[A. (x)] and [$&] liked your post'],
  ['A beitt hat geliked', ['b', ''], 'A beitt hat geliked'],
  ['عبد الرحمن liked your post', ['عبد الرحمن'], '[عبد الرحمن] liked your post'],
  ['', ['Mia'], ''],
]

for (const [sentence, names, marked] of cases) {
  test(`the names in "${sentence}"`, () => {
    const pieces = namesIn(sentence, names)
    assert.equal(pieces.map(({ text, isName }) => (isName ? `[${text}]` : text)).join(''), marked)
    assert.equal(pieces.map(({ text }) => text).join(''), sentence)
    for (const { text, at } of pieces) assert.equal(sentence.slice(at, at + text.length), text)
  })
}
