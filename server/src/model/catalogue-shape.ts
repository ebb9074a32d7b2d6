import { eventTypes, limits, objectTypes } from '@headwater/protocol'
import { nearest } from '../lib/nearest.ts'
import type { ActorWords, Catalogue } from './summary.ts'

export interface ReadCatalogue {
  readonly problems: readonly string[]
  /** What of it can be used: the rest is in `problems`. */
  readonly words: Partial<Catalogue>
  /** Names that are there, be it in a shape that cannot be used: they are not missing. */
  readonly named: ReadonlySet<string>
}

/** What a language has to have, by itself or from the one that it adds to. */
export const neededNames: readonly string[] = [
  'actors',
  ...objectTypes.map((type) => `objects.${type}`),
  ...eventTypes.map((type) => `sentences.${type}`),
]

const actorForms = ['one', 'two', 'more']
const pluralForms = ['zero', 'one', 'two', 'few', 'many', 'other']

/** Reads a catalogue that somebody wrote, and tells what is wrong with its shape, by the place. */
export function readCatalogue(content: unknown): ReadCatalogue {
  if (!isRecord(content)) {
    const problems = ['a catalogue is an object with actors, objects and sentences']
    return { problems, words: {}, named: new Set(neededNames) }
  }
  const actors = content.actors === undefined ? { problems: [] } : readActors(content.actors)
  const objects = readEntries(content.objects, 'objects', objectProblems)
  const sentences = readEntries(content.sentences, 'sentences', sentenceProblems)
  return {
    problems: [
      ...unknownKeys(content, ['actors', 'objects', 'sentences'], 'the catalogue'),
      ...actors.problems,
      ...objects.problems,
      ...sentences.problems,
    ],
    words: {
      ...(actors.problems.length === 0 && content.actors !== undefined && { actors: content.actors as ActorWords }),
      objects: objects.usable as Catalogue['objects'],
      sentences: sentences.usable as Catalogue['sentences'],
    },
    named: new Set([
      ...(content.actors === undefined ? [] : ['actors']),
      ...objects.names.map((name) => `objects.${name}`),
      ...sentences.names.map((name) => `sentences.${name}`),
    ]),
  }
}

function readEntries(content: unknown, place: string, problemsOf: (name: string, value: unknown) => string[]) {
  if (content === undefined) return { problems: [], usable: {}, names: [] }
  if (!isRecord(content)) return { problems: [`${place} is an object`], usable: {}, names: [] }
  const read = Object.entries(content).map(([name, value]) => ({ name, value, problems: problemsOf(name, value) }))
  const usable = read.filter(({ problems }) => problems.length === 0)
  return {
    problems: read.flatMap(({ problems }) => problems),
    usable: Object.fromEntries(usable.map(({ name, value }) => [name, value])),
    names: Object.keys(content),
  }
}

function readActors(actors: unknown): { readonly problems: readonly string[] } {
  if (!isRecord(actors)) return { problems: ['actors is an object with one, two and more'] }
  const { cases = {}, ...plain } = actors
  if (!isRecord(cases)) return { problems: [...actorProblems(plain, 'actors'), 'actors.cases is an object'] }
  const more = Object.entries(cases).flatMap(([name, words]) => actorProblems(words, `actors.cases.${name}`))
  return { problems: [...actorProblems(plain, 'actors'), ...more] }
}

function actorProblems(words: unknown, place: string): string[] {
  if (!isRecord(words)) return [`${place} is an object with one, two and more`]
  const { more, ...texts } = words
  const problems = [...unknownKeys(words, actorForms, place), ...textProblems(texts, place, ['one', 'two'])]
  if (!isRecord(more)) return [...problems, `${place}.more is missing: texts by plural form`]
  return [
    ...problems,
    ...unknownKeys(more, pluralForms, `${place}.more`),
    ...textProblems(more, `${place}.more`, ['other']),
  ]
}

function objectProblems(type: string, forms: unknown): string[] {
  const place = `objects.${type}`
  if (!isOneOf(objectTypes, type))
    return [`${place}: there is no object of this type; known are ${objectTypes.join(', ')}`]
  return isRecord(forms) ? textProblems(forms, place, ['plain']) : [`${place} is an object of texts by form`]
}

function sentenceProblems(name: string, sentence: unknown): string[] {
  const place = sentencePlace(name)
  if (!isSentenceName(name)) return [noSuchSentence(name)]
  if (!isRecord(sentence)) return [`${place} is an object with the text "other", and perhaps "one"`]
  return [...unknownKeys(sentence, ['one', 'other'], place), ...textProblems(sentence, place, ['other'])]
}

function isSentenceName(name: string): boolean {
  const dot = name.indexOf('.')
  if (dot === -1) return isOneOf(eventTypes, name)
  const [type, detail] = [name.slice(0, dot), name.slice(dot + 1)]
  if (type === 'CUSTOM') return detail !== '' && [...detail].length <= limits.verbLength
  return isOneOf(eventTypes, type) && isOneOf(objectTypes, detail)
}

function noSuchSentence(name: string): string {
  const known = eventTypes.flatMap((type) => [type, ...objectTypes.map((object) => `${type}.${object}`)])
  const guess = nearest(name, known, 2)
  const meant = guess === undefined ? '' : ` Did you mean ${guess}?`
  const there = `There are ${eventTypes.join(', ')}, these with .${objectTypes.join(', .')} behind them, and CUSTOM.<verb>`
  return `sentences: there is no ${JSON.stringify(name)}.${meant} ${there}`
}

/** All are texts, none of them empty, and those `needed` are there. */
function textProblems(record: Record<string, unknown>, place: string, needed: readonly string[]): string[] {
  return [
    ...needed.filter((key) => !(key in record)).map((key) => `${place}.${key} is missing`),
    ...Object.keys(record)
      .filter((key) => !isText(record[key]))
      .map((key) => `${place}.${key} must be a text, and not an empty one`),
  ]
}

function unknownKeys(record: Record<string, unknown>, known: readonly string[], place: string): string[] {
  return Object.keys(record)
    .filter((key) => !known.includes(key))
    .map((key) => `${place} has no ${JSON.stringify(key)}; known are ${known.join(', ')}`)
}

export const sentencePlace = (name: string): string =>
  /^\w+$/.test(name) ? `sentences.${name}` : `sentences[${JSON.stringify(name)}]`

const isOneOf = (names: readonly string[], name: string): boolean => names.includes(name)

const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== ''

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
