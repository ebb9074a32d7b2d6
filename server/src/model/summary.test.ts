import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventTypes, objectTypes } from '@headwater/protocol'
import { checkCatalogue, createSummarize, type Summarized } from './summary.ts'
import { builtInCatalogues } from './summary-catalogues.ts'

const group = (names: readonly string[], actorCount = names.length, change: Partial<Summarized> = {}): Summarized => ({
  eventType: 'LIKE',
  verb: '',
  objectType: 'POST',
  names,
  actorCount,
  ...change,
})
const summarize = createSummarize()

test('the sentence names two and counts the rest', () => {
  assert.equal(summarize(group(['Mia']), null), 'Mia liked your post')
  assert.equal(summarize(group(['Mia', 'Ben']), null), 'Mia and Ben liked your post')
  assert.equal(summarize(group(['Mia', 'Ben', 'Cy']), null), 'Mia, Ben and 1 other liked your post')
  assert.equal(summarize(group(['Mia', 'Ben', 'Cy'], 14), null), 'Mia, Ben and 12 others liked your post')
  assert.equal(summarize(group(['Mia', 'Ben', 'Cy'], 100_002), 'en'), 'Mia, Ben and 100,000 others liked your post')
})

test('the language follows the tag, by its longest known prefix, and is English else', () => {
  assert.equal(summarize(group(['Mia', 'Ben']), 'de-AT'), 'Mia und Ben gefällt dein Beitrag')
  assert.equal(summarize(group(['Mia']), 'es'), 'A Mia le gusta tu publicación')
  assert.equal(summarize(group(['Mia', 'Ben']), 'fr_CA'), 'Mia et Ben ont aimé votre publication')
  assert.equal(
    summarize(group(['Mia', 'Ben', 'Cy'], 14), 'ja'),
    'Miaさん、Benさん、他12人があなたの投稿に「いいね」しました',
  )
  assert.equal(summarize(group(['Mia', 'Ben', 'Cy'], 14), 'zh-Hans'), 'Mia、Ben和其他12人赞了你的帖子')
  assert.equal(summarize(group(['Mia']), 'tlh'), 'Mia liked your post')
  assert.equal(summarize(group(['Mia']), '__proto__'), 'Mia liked your post')
})

test('every type and object has a whole sentence in every language', () => {
  for (const tag of Object.keys(builtInCatalogues)) {
    for (const eventType of eventTypes) {
      for (const objectType of objectTypes) {
        const verb = eventType === 'CUSTOM' ? 'endorsed_you' : ''
        const sentence = summarize(group(['Mia', 'Ben', 'Cy'], 5, { eventType, objectType, verb }), tag)
        assert.match(sentence, /Mia.*Ben.*3/, `${tag} ${eventType} ${objectType}`)
        assert.doesNotMatch(sentence, /[{}]|undefined| {2}/, `${tag} ${eventType} ${objectType}: ${sentence}`)
      }
    }
  }
})

test('a name is text: it is not filled in, and cannot turn the words around it', () => {
  assert.equal(summarize(group(['{second}', 'Ben']), null), '{second} and Ben liked your post')
  // biome-ignore lint/suspicious/noTemplateCurlyInString: text that must stay text
  const name = '$1 ${x} %s'
  assert.equal(summarize(group([name]), null), `${name} liked your post`)
  assert.equal(summarize(group(['Mia\u202e\u200b\u0007']), null), 'Mia liked your post')
  assert.equal(summarize(group(['👩\u200d👧']), null), '👩\u200d👧 liked your post')
})

test('a catalogue of one’s own adds a language or replaces single sentences', () => {
  const own = createSummarize({
    en: { sentences: { 'CUSTOM.endorsed': { one: '{actors} endorses you', other: '{actors} endorse you' } } },
    nl: {
      actors: { one: '{first}', two: '{first} en {second}', more: { other: '{first}, {second} en {count} anderen' } },
      sentences: { LIKE: { other: '{actors} vinden je bericht leuk' } },
    },
  })
  assert.equal(own(group(['Mia'], 1, { eventType: 'CUSTOM', verb: 'endorsed' }), null), 'Mia endorses you')
  assert.equal(own(group(['Mia', 'Ben']), null), 'Mia and Ben liked your post')
  assert.equal(own(group(['Mia', 'Ben']), 'nl-BE'), 'Mia en Ben vinden je bericht leuk')
})

test('a catalogue that cannot be used is told so, with the place', () => {
  assert.equal(checkCatalogue({ sentences: { LIKE: { other: '{actors} likes it' } } }), undefined)
  for (const [name, catalogue] of Object.entries(builtInCatalogues))
    assert.equal(checkCatalogue(catalogue), undefined, name)
  assert.match(checkCatalogue([]) ?? '', /object/)
  assert.match(checkCatalogue({ sentence: {} }) ?? '', /no "sentence"/)
  assert.match(checkCatalogue({ actors: { one: '{first}' } }) ?? '', /actors/)
  assert.match(checkCatalogue({ sentences: { LIKE: { one: 'x' } } }) ?? '', /LIKE/)
  assert.match(checkCatalogue({ objects: { POST: { plain: 3 } } }) ?? '', /objects/)
})
