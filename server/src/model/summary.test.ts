import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventTypes, objectTypes } from '@headwater/protocol'
import { createSummarize, type Summarized } from './summary.ts'
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
  assert.equal(summarize(group(['Mia\u202e\u200b\u0007\u061c']), null), 'Mia liked your post')
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

test('a verb of one’s own has its sentence, any other the one of CUSTOM', () => {
  const own = createSummarize({
    en: {
      sentences: {
        'CUSTOM.endorsed': { one: '{actors} endorses your {object}', other: '{actors} endorse your {object}' },
        'CUSTOM.a.b c': { other: '{actors} {verb}!' },
      },
    },
  })
  const custom = (verb: string, names: readonly string[], locale = 'en') =>
    own(group(names, names.length, { eventType: 'CUSTOM', verb }), locale)
  assert.equal(custom('endorsed', ['Mia']), 'Mia endorses your post')
  assert.equal(custom('endorsed', ['Mia', 'Ben']), 'Mia and Ben endorse your post')
  assert.equal(custom('a.b c', ['Mia']), 'Mia a.b c!')
  assert.equal(custom('waved_at', ['Mia']), 'Mia waved at')
  assert.equal(custom('endorsed', ['Mia'], 'de'), 'Mia: endorsed')
  assert.equal(custom('__proto__', ['Mia']), 'Mia   proto  ')
})

test('a new language takes no sentence from English', () => {
  const sentences = { COMMENT: { other: '{actors} +1' }, CUSTOM: { other: '{actors} {verb}' } }
  const own = createSummarize({
    en: { sentences: { 'CUSTOM.endorsed': { other: '{actors} endorse you' } } },
    nl: { sentences },
  })
  assert.equal(own(group(['Mia'], 1, { eventType: 'COMMENT', objectType: 'COMMENT' }), 'nl'), 'Mia +1')
  assert.equal(own(group(['Mia'], 1, { eventType: 'CUSTOM', verb: 'endorsed' }), 'nl'), 'Mia endorsed')
})

test('a regional language adds to its own language, not to English', () => {
  const own = createSummarize({
    'de-ch-1996': { sentences: { FOLLOW: { other: '{actors} folgt dir neu' } } },
    'de-CH': { objects: { POST: { plain: 'dein Post', accusative: 'deinen Post', a: 'einem Post' } } },
  })
  assert.equal(own(group(['Mia']), 'de-CH'), 'Mia gefällt dein Post')
  assert.equal(own(group(['Mia']), 'de-CH-1996'), 'Mia gefällt dein Post')
  assert.equal(own(group(['Mia'], 1, { eventType: 'FOLLOW' }), 'de-CH-1996'), 'Mia folgt dir neu')
  assert.equal(own(group(['Mia']), 'de'), 'Mia gefällt dein Beitrag')
})

test('German puts actors into the case that the verb asks for', () => {
  const three = ['Mia', 'Ben', 'Cy']
  assert.equal(summarize(group(three, 14), 'de'), 'Mia, Ben und 12 weiteren Personen gefällt dein Beitrag')
  assert.equal(summarize(group(three, 3), 'de'), 'Mia, Ben und 1 weiteren Person gefällt dein Beitrag')
  const de = (eventType: Summarized['eventType'], count: number) =>
    summarize(group(three.slice(0, count), count === 3 ? 14 : count, { eventType, objectType: 'COMMENT' }), 'de')
  assert.equal(de('FOLLOW', 1), 'Mia folgt dir jetzt')
  assert.equal(de('FOLLOW', 3), 'Mia, Ben und 12 weitere Personen folgen dir jetzt')
  assert.equal(de('SHARE', 2), 'Mia und Ben haben deinen Kommentar geteilt')
  assert.equal(de('COMMENT', 1), 'Mia hat auf deinen Kommentar geantwortet')
  assert.equal(de('MENTION', 1), 'Mia hat dich in einem Kommentar erwähnt')
  assert.equal(de('REACTION', 2), 'Mia und Ben haben auf deinen Kommentar reagiert')
})
