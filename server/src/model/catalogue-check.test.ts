import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkCatalogues } from './catalogue-check.ts'
import { builtInCatalogues } from './summary-catalogues.ts'

const problemsOf = (tag: string, content: unknown, base = builtInCatalogues): readonly string[] =>
  checkCatalogues(base, [{ tag, content }]).map(({ problem }) => problem)

const actors = { one: '{first}', two: '{first} en {second}', more: { other: '{first}, {second} en {count} anderen' } }
const types = ['LIKE', 'COMMENT', 'FOLLOW', 'MENTION', 'SHARE', 'REACTION', 'CUSTOM']
const sentences = Object.fromEntries(types.map((type) => [type, { other: '{actors} {object}' }]))
const objects = Object.fromEntries(
  ['POST', 'COMMENT', 'USER', 'STORY', 'CUSTOM'].map((type) => [type, { plain: type }]),
)
const whole = { actors, objects, sentences }

test('what is built in is whole, by itself as well', () => {
  for (const [tag, catalogue] of Object.entries(builtInCatalogues)) {
    assert.deepEqual(problemsOf(tag, catalogue), [])
    assert.deepEqual(problemsOf(tag, catalogue, {}), [])
  }
})

test('a new language is whole, a known one may have single words replaced', () => {
  assert.deepEqual(problemsOf('nl', whole), [])
  assert.deepEqual(
    problemsOf('en', { sentences: { LIKE: { one: '{actors} likes it', other: '{actors} like it' } } }),
    [],
  )
  assert.deepEqual(problemsOf('de-at', { objects: { STORY: { plain: 'a', accusative: 'b', a: 'c' } } }), [])
  assert.deepEqual(problemsOf('de', {}), [])
})

test('a language may add to another one of the same folder, in whichever order they are read', () => {
  const flemish = { tag: 'nl-be', content: { sentences: { 'LIKE.STORY': { other: '{actors}' } } } }
  assert.deepEqual(checkCatalogues(builtInCatalogues, [flemish, { tag: 'nl', content: whole }]), [])
  assert.equal(checkCatalogues(builtInCatalogues, [flemish]).length, 13)
})

test('sentences of verbs, of objects and of cases', () => {
  const more = {
    'CUSTOM.endorsed': { other: '{actors.dative} {verb} {object.plain}' },
    'LIKE.POST': { other: '{actors} {object.old}' },
  }
  const cases = { dative: actors }
  const own = { ...objects, POST: { plain: 'bericht', old: 'stuk' } }
  assert.deepEqual(
    problemsOf('nl', { actors: { ...actors, cases }, objects: own, sentences: { ...sentences, ...more } }),
    [],
  )
})

const like = (other: string) => ({ ...whole, sentences: { ...sentences, LIKE: { other } } })

for (const [what, content, ...expected] of [
  ['no object', [], /^a catalogue is an object/],
  [
    'an unknown part',
    { ...whole, sentence: {} },
    /^the catalogue has no "sentence"; known are actors, objects, sentences$/,
  ],
  [
    'an unknown placeholder',
    like('{actors} {objct}'),
    /^sentences\.LIKE\.other: no placeholder \{objct\}; known are \{actors\}, \{object\}/,
  ],
  ['a form that no object has', like('{object.datve}'), /no placeholder \{object\.datve\}/],
  ['a case that the actors do not have', like('{actors.dative}'), /no placeholder \{actors\.dative\}/],
  ['a verb where there is none', like('{actors} {verb}'), /no placeholder \{verb\}/],
  ['a brace that is open', like('{actors'), /^sentences\.LIKE\.other: a brace/],
  ['a placeholder with spaces', like('{ actors }'), /a brace/],
  ['an empty sentence', like(' '), /sentences\.LIKE\.other must be a text, and not an empty one/],
  [
    'an unknown sentence',
    { ...whole, sentences: { ...sentences, LIEK: { other: '' } } },
    /^sentences: there is no "LIEK"\. Did you mean LIKE\?/,
  ],
  [
    'a sentence of an unknown object',
    { ...whole, sentences: { ...sentences, 'LIKE.PSOT': { other: 'x' } } },
    /Did you mean LIKE\.POST\?/,
  ],
  [
    'a verb that is none',
    { ...whole, sentences: { ...sentences, 'CUSTOM.': { other: 'x' } } },
    /there is no "CUSTOM\."/,
  ],
  ['no other', { ...whole, sentences: { ...sentences, LIKE: { one: 'x' } } }, /^sentences\.LIKE\.other is missing$/],
  [
    'a form of a sentence that is none',
    { ...whole, sentences: { ...sentences, LIKE: { other: 'x', few: 'x' } } },
    /^sentences\.LIKE has no "few"/,
  ],
  ['a sentence that is a text', { ...whole, sentences: { ...sentences, LIKE: 'x' } }, /^sentences\.LIKE is an object/],
  [
    'an unknown object',
    { ...whole, objects: { ...objects, PSOT: { plain: 'x' } } },
    /^objects\.PSOT: there is no object/,
  ],
  [
    'an object without plain',
    { ...whole, objects: { ...objects, POST: { old: 'x' } } },
    /^objects\.POST\.plain is missing$/,
  ],
  [
    'an object that is a number',
    { ...whole, objects: { ...objects, POST: { plain: 3 } } },
    /^objects\.POST\.plain must be a text/,
  ],
  [
    'a placeholder in an object',
    { ...whole, objects: { ...objects, POST: { plain: '{x}' } } },
    /^objects\.POST\.plain: no placeholder \{x\}; there are none here$/,
  ],
  ['actors without two', { ...whole, actors: { one: 'x', more: { other: 'x' } } }, /^actors\.two is missing$/],
  ['actors without more', { ...whole, actors: { one: 'x', two: 'x' } }, /^actors\.more is missing/],
  [
    'a plural form that is none',
    { ...whole, actors: { ...actors, more: { other: 'x', som: 'x' } } },
    /^actors\.more has no "som"; known are zero/,
  ],
  [
    'a plural form of other languages',
    { ...whole, actors: { ...actors, more: { other: 'x', few: 'x' } } },
    /^actors\.more\.few is never used: the plural forms of nl are one, other$/,
  ],
  [
    'a wrong placeholder in actors',
    { ...whole, actors: { ...actors, two: '{first} {third}' } },
    /^actors\.two: no placeholder \{third\}; known are \{first\}, \{second\}$/,
  ],
  [
    'a wrong case',
    { ...whole, actors: { ...actors, cases: { dative: { one: 'x', two: 'x' } } } },
    /^actors\.cases\.dative\.more is missing/,
  ],
  [
    'what is not there',
    { actors, objects, sentences: { ...sentences, SHARE: undefined } },
    /^sentences\.SHARE is an object/,
  ],
] as readonly [string, unknown, ...RegExp[]][]) {
  test(`is told: ${what}`, () => {
    const problems = problemsOf('nl', content)
    assert.equal(problems.length, expected.length, problems.join('\n'))
    expected.forEach((pattern, at) => void assert.match(problems[at] ?? '', pattern))
  })
}

test('everything that is missing is told, and everything that is wrong beside it', () => {
  const { LIKE: _, ...others } = sentences
  const problems = problemsOf('nl', {
    objects,
    sentences: { ...others, LIEK: { other: '{actors}' }, SHARE: { other: '{x}' } },
  })
  assert.equal(problems.length, 4)
  for (const pattern of [/"LIEK"/, /^actors is missing$/, /^sentences\.LIKE is missing$/, /SHARE.*\{x\}/])
    assert.ok(
      problems.some((problem) => pattern.test(problem)),
      `${pattern}`,
    )
})

test('words that replace ours have every form that our sentences use', () => {
  assert.deepEqual(problemsOf('de', { objects: { POST: { plain: 'dein Post', a: 'einem Post' } } }), [
    'objects.POST.accusative is missing, and sentences.COMMENT.one uses it',
  ])
})
