import type { EventType, ObjectType } from '@headwater/protocol'
import { type CutText, placeholdersOf } from './placeholders.ts'
import { builtInCatalogues } from './summary-catalogues.ts'
import { nearestLanguage } from './wished-language.ts'

/** Who did it, as one, two or more actors. */
export interface ActorWords {
  readonly one: string
  readonly two: string
  /** By plural category of the number of others (CLDR, through `Intl.PluralRules`); holds `{first} {second} {count}`. */
  readonly more: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> & { readonly other: string }
}

/**
 * The words of one language. Sentences hold `{actors}` and forms of the object such as `{object}` or `{object.dative}`;
 * those of CUSTOM hold `{verb}`. A sentence is found by the most exact of `LIKE.POST`, `LIKE` (for CUSTOM:
 * `CUSTOM.endorsed`, `CUSTOM`). docs/guide/languages.md tells how to write one.
 */
export interface Catalogue {
  /** In `cases` for sentences such as `{actors.dative} gefällt …`. */
  readonly actors: ActorWords & { readonly cases?: Readonly<Record<string, ActorWords>> }
  readonly objects: Readonly<Partial<Record<ObjectType, Readonly<Record<string, string>>>>>
  /** `one` for a single actor; the same text serves both when there is only `other`. */
  readonly sentences: Readonly<Record<string, { readonly one?: string; readonly other: string }>>
}

export type Catalogues = Readonly<Record<string, Catalogue>>

export interface Summarized {
  readonly eventType: EventType
  readonly verb: string
  readonly objectType: ObjectType
  readonly actorCount: number
  /** Of the newest actors, newest first; two are named. */
  readonly names: readonly string[]
}

export type Summarize = (group: Summarized, locale: string | null) => string

const fallback = 'en'
/**
 * Controls, zero-width spaces and direction marks: a name must not reorder or imitate the words around it. The joiners
 * (U+200C, U+200D) stay: emoji and names in Persian and Indic scripts are written with them.
 */
const unsafe = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu

/** Nothing in it can be unsafe. */
const plain = /^[ -~]*$/

/** `extra` adds languages, or replaces single words and sentences of those that are built in. */
export function createSummarize(extra: Readonly<Record<string, Partial<Catalogue>>> = {}): Summarize {
  const catalogues = mergeCatalogues(builtInCatalogues, extra)
  const languages = new Map<string, Language>()
  return (group, locale) => {
    const tag = pickLanguage(catalogues, locale)
    let language = languages.get(tag)
    if (!language) {
      language = new Language(tag, catalogues[tag] as Catalogue)
      languages.set(tag, language)
    }
    return language.sentence(group)
  }
}

class Language {
  readonly #catalogue: Catalogue
  readonly #plural: Intl.PluralRules
  readonly #number: Intl.NumberFormat
  readonly #forms: Intl.LDMLPluralRule[] = []
  readonly #numbers: string[] = []

  constructor(tag: string, catalogue: Catalogue) {
    this.#catalogue = catalogue
    // Of a language that Intl does not know it would take the machine's own.
    this.#plural = new Intl.PluralRules([tag, fallback])
    this.#number = new Intl.NumberFormat([tag, fallback])
  }

  sentence(group: Summarized): string {
    const { sentences, objects } = this.#catalogue
    const detail = group.eventType === 'CUSTOM' ? group.verb : group.objectType
    const found = own(sentences, `${group.eventType}.${detail}`) ??
      own(sentences, group.eventType) ?? { other: '{actors}' }
    const text = group.actorCount === 1 ? (found.one ?? found.other) : found.other
    const forms = own(objects, group.objectType) ?? own(objects, 'CUSTOM') ?? {}
    return fill(text, (name) => {
      if (name === 'actors') return this.#actors(group, this.#catalogue.actors)
      if (name.startsWith('actors.')) return this.#actors(group, this.#inCase(name.slice('actors.'.length)))
      if (name === 'verb') return group.verb.replaceAll('_', ' ').replace(unsafe, '')
      return own(forms, name === 'object' ? 'plain' : name.replace('object.', '')) ?? own(forms, 'plain') ?? ''
    })
  }

  #inCase(name: string): ActorWords {
    const { actors } = this.#catalogue
    return own(actors.cases ?? {}, name) ?? actors
  }

  #actors({ names, actorCount }: Summarized, words: ActorWords): string {
    const first = safe(names[0] ?? '')
    const second = safe(names[1] ?? '')
    const others = actorCount - Math.min(2, names.length)
    const text =
      others > 0 && names.length >= 2
        ? (words.more[this.#form(others)] ?? words.more.other)
        : names.length >= 2
          ? words.two
          : words.one
    return fill(text, (name) => (name === 'first' ? first : name === 'second' ? second : this.#written(others)))
  }

  #form(count: number): Intl.LDMLPluralRule {
    return remembered(this.#forms, count, () => this.#plural.select(count))
  }

  #written(count: number): string {
    return remembered(this.#numbers, count, () => this.#number.format(count))
  }
}

/** Texts of catalogues, cut at their placeholders. */
const cut = new Map<string, CutText>()

/** Values are put in as they are: braces inside of them are not looked at again. */
function fill(text: string, wordFor: (name: string) => string): string {
  let parts = cut.get(text)
  if (!parts) {
    parts = placeholdersOf(text)
    cut.set(text, parts)
  }
  const { names, between } = parts
  let filled = between[0] as string
  for (let i = 0; i < names.length; i++) filled += wordFor(names[i] as string) + (between[i + 1] as string)
  return filled
}

const safe = (name: string): string => (plain.test(name) ? name : name.replace(unsafe, ''))

/** Most groups are small, and Intl takes longer than the rest of a sentence. */
const rememberedMax = 1_000

function remembered<T>(known: T[], count: number, make: () => T): T {
  if (count >= rememberedMax) return make()
  const found = known[count] ?? make()
  known[count] = found
  return found
}

const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined

function pickLanguage(catalogues: Catalogues, locale: string | null): string {
  const tag = (locale ?? '').toLowerCase().replaceAll('_', '-')
  return nearestLanguage(tag, { has: (language) => Object.hasOwn(catalogues, language) }) ?? fallback
}

/** Those that there is a catalogue for, when `extra` is added to what is built in. */
export const languagesWith = (extra: Readonly<Record<string, unknown>>): readonly string[] => [
  ...new Set([...Object.keys(builtInCatalogues), ...Object.keys(extra).map((tag) => tag.toLowerCase())]),
]

/** `pt-br` adds to `pt`, if there is one. A new language has no words but its own: half a sentence in English helps nobody. */
function mergeCatalogues(base: Catalogues, extra: Readonly<Record<string, Partial<Catalogue>>>): Catalogues {
  const { actors } = base[fallback] as Catalogue
  const none: Catalogue = { actors, objects: {}, sentences: {} }
  const merged = new Map(Object.entries(base))
  // Those with shorter tags first: others may add to them.
  for (const [name, words] of Object.entries(extra).sort(([a], [b]) => a.length - b.length)) {
    const tag = name.toLowerCase()
    merged.set(tag, mergeCatalogue(words, merged.get(nearestLanguage(tag, merged) ?? '') ?? none))
  }
  return Object.fromEntries(merged)
}

export function mergeCatalogue(words: Partial<Catalogue>, below: Catalogue): Catalogue
export function mergeCatalogue(words: Partial<Catalogue>, below: Partial<Catalogue> | undefined): Partial<Catalogue>
export function mergeCatalogue(words: Partial<Catalogue>, below: Partial<Catalogue> = {}): Partial<Catalogue> {
  const actors = words.actors ?? below.actors
  return {
    ...(actors && { actors }),
    objects: { ...below.objects, ...words.objects },
    sentences: { ...below.sentences, ...words.sentences },
  }
}
