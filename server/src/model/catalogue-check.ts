import { type ObjectType, objectTypes } from '@headwater/protocol'
import { neededNames, readCatalogue, sentencePlace } from './catalogue-shape.ts'
import { placeholdersOf } from './placeholders.ts'
import { type ActorWords, type Catalogue, type Catalogues, mergeCatalogue } from './summary.ts'
import { nearestLanguage } from './wished-language.ts'

/** What somebody wrote for one language. */
export interface WrittenCatalogue {
  readonly tag: string
  readonly content: unknown
}

export interface CatalogueProblem {
  readonly tag: string
  readonly problem: string
}

/**
 * Everything that is wrong with catalogues that add to those of `base`: shapes, names that do not exist, placeholders that
 * nothing fills, plural forms that the language does not have, and words that a new language lacks. None: the languages
 * with what was written for them.
 */
export function checkCatalogues(base: Catalogues, written: readonly WrittenCatalogue[]): readonly CatalogueProblem[] {
  const known = new Map(Object.entries<Partial<Catalogue>>(base))
  return fromGeneralToSpecial(written).flatMap(({ tag, content }) => {
    const { problems, words, named } = readCatalogue(content)
    const merged = mergeCatalogue(words, known.get(nearestLanguage(tag, known) ?? ''))
    known.set(tag, merged)
    return [...problems, ...wordProblems(tag, words, merged, named)].map((problem) => ({ tag, problem }))
  })
}

/** `pt` before `pt-br`, which adds to it. */
export const fromGeneralToSpecial = <T extends { readonly tag: string }>(written: readonly T[]): readonly T[] =>
  [...written].sort((a, b) => a.tag.length - b.tag.length)

function wordProblems(
  tag: string,
  words: Partial<Catalogue>,
  merged: Partial<Catalogue>,
  named: ReadonlySet<string>,
): readonly string[] {
  const { actors, objects = {}, sentences = {} } = merged
  const there = new Set([
    ...named,
    ...(actors ? ['actors'] : []),
    ...Object.keys(objects).map((type) => `objects.${type}`),
    ...Object.keys(sentences).map((name) => `sentences.${name}`),
  ])
  return [
    ...neededNames.filter((name) => !there.has(name)).map((name) => `${name} is missing`),
    ...(words.actors ? actorProblems(tag, words.actors, 'actors') : []),
    ...Object.entries(words.actors?.cases ?? {}).flatMap(([name, one]) =>
      actorProblems(tag, one, `actors.cases.${name}`),
    ),
    ...Object.entries(words.objects ?? {}).flatMap(([type, forms]) =>
      Object.entries(forms).flatMap(([form, text]) => placeholderProblems(text, [], `objects.${type}.${form}`)),
    ),
    ...sentenceProblems(merged),
  ]
}

function actorProblems(tag: string, { one, two, more }: ActorWords, place: string): readonly string[] {
  // Of a language that Intl does not know it would tell the forms of another one.
  const isKnown = Intl.PluralRules.supportedLocalesOf(tag).length > 0
  const used: readonly string[] = new Intl.PluralRules(tag).resolvedOptions().pluralCategories
  return [
    ...placeholderProblems(one, ['first'], `${place}.one`),
    ...placeholderProblems(two, ['first', 'second'], `${place}.two`),
    ...Object.entries(more).flatMap(([form, text]) =>
      placeholderProblems(text, ['first', 'second', 'count'], `${place}.more.${form}`),
    ),
    ...Object.keys(more)
      .filter((form) => isKnown && !used.includes(form))
      .map((form) => `${place}.more.${form} is never used: the plural forms of ${tag} are ${used.join(', ')}`),
  ]
}

/** Of all sentences, since words that were replaced may lack what a sentence of ours uses. */
function sentenceProblems({ actors, objects = {}, sentences = {} }: Partial<Catalogue>): readonly string[] {
  const forms = new Set(Object.values(objects).flatMap((object) => Object.keys(object)))
  const cases = Object.keys(actors?.cases ?? {}).map((name) => `actors.${name}`)
  const known = ['actors', ...cases, 'object', ...[...forms].map((form) => `object.${form}`)]
  const problems: string[] = []
  const lacking = new Map<string, string>()
  for (const { name, place, text } of textsOf(sentences)) {
    problems.push(...placeholderProblems(text, name.startsWith('CUSTOM') ? [...known, 'verb'] : known, place))
    const used = placeholdersOf(text).names.flatMap((one) => /^object\.(\w+)$/.exec(one)?.[1] ?? [])
    for (const object of objectsOf(name)) {
      for (const form of used.filter((one) => forms.has(one) && objects[object] && !(one in objects[object]))) {
        const missing = `objects.${object}.${form} is missing`
        if (!lacking.has(missing)) lacking.set(missing, `${missing}, and ${place} uses it`)
      }
    }
  }
  return [...problems, ...lacking.values()]
}

const textsOf = (sentences: Catalogue['sentences']) =>
  Object.entries(sentences).flatMap(([name, sentence]) =>
    Object.entries(sentence).map(([form, text]) => ({ name, place: `${sentencePlace(name)}.${form}`, text })),
  )

/** The objects that a sentence may be about. */
function objectsOf(sentence: string): readonly ObjectType[] {
  const [type, detail] = sentence.split('.')
  return objectTypes.filter((object) => type === 'CUSTOM' || detail === undefined || detail === object)
}

function placeholderProblems(text: string, known: readonly string[], place: string): readonly string[] {
  const { names, between } = placeholdersOf(text)
  const shown = known.length === 0 ? 'there are none here' : `known are {${known.join('}, {')}}`
  const stray = between.some((part) => /[{}]/.test(part))
  return [
    ...names.filter((name) => !known.includes(name)).map((name) => `${place}: no placeholder {${name}}; ${shown}`),
    ...(stray ? [`${place}: a brace that belongs to no placeholder; ${shown}`] : []),
  ]
}
