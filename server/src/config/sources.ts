import { editDistance, nearest } from '../lib/nearest.ts'
import type { Problem } from './config-error.ts'
import { masked } from './field.ts'
import { type Key, keys } from './schema.ts'

/** Reads one source into values by key. Nothing is thrown: problems are collected, so that all are told at once. */

export interface Given {
  readonly value: unknown
  readonly source: string
}

export interface Layer {
  readonly given: ReadonlyMap<string, Given>
  readonly problems: readonly Problem[]
  readonly warnings: readonly string[]
}

const byName = new Map(keys.map((key) => [key.name, key]))
const byVariable = new Map(keys.map((key) => [key.variable, key]))
const byShortVariable = new Map(keys.flatMap((key) => (key.field.variable ? [[key.field.variable, key] as const] : [])))
const byFlag = new Map([...byName, ...keys.flatMap((key) => (key.field.flag ? [[key.field.flag, key] as const] : []))])
const sections = new Set(keys.flatMap(({ path }) => path.slice(1).map((_, i) => path.slice(0, i + 1).join('.'))))

/** Variables of the command line's own, which are no settings. */
export const otherVariables = ['HEADWATER_CONFIG', 'HEADWATER_URL'] as const

class Collector implements Layer {
  readonly given = new Map<string, Given>()
  readonly problems: Problem[] = []
  readonly warnings: string[] = []

  take({ name, field }: Key, source: string, value: unknown, read: 'parse' | 'accept'): void {
    const accepted = read === 'parse' ? field.parse(String(value)) : field.accept(value)
    if (field.secret && accepted === masked)
      this.problems.push({
        key: name,
        source,
        message: 'is masked; headwater config print --secrets prints what it is',
      })
    else if (accepted !== undefined) this.given.set(name, { value: accepted, source })
    else
      this.problems.push({
        key: name,
        source,
        message: `expected ${field.expects}${field.secret ? '' : `, not ${show(value)}`}`,
      })
  }

  unknown(name: string, source: string, known: Iterable<string>): void {
    const meant = nearest(name, known)
    this.problems.push({ key: name, source, message: `there is no such key${meant ? `; did you mean ${meant}?` : ''}` })
  }
}

export function fromFile(content: unknown, source: string): Layer {
  const layer = new Collector()
  if (!isObject(content)) {
    layer.problems.push({ key: null, source, message: 'expected a JSON object' })
    return layer
  }
  const walk = (node: Readonly<Record<string, unknown>>, path: readonly string[]): void => {
    for (const [part, value] of Object.entries(node)) {
      const name = [...path, part].join('.')
      const key = byName.get(name)
      if (key) layer.take(key, source, value, 'accept')
      else if (sections.has(name) && isObject(value)) walk(value, [...path, part])
      else if (sections.has(name))
        layer.problems.push({ key: name, source, message: 'expected a section: an object of its keys' })
      // Editors find the keys of the file through it.
      else if (name !== '$schema') layer.unknown(name, source, [...byName.keys(), ...sections])
    }
  }
  walk(content, [])
  return layer
}

/** An empty variable counts as not given: that is how compose files pass on what is not set. */
export function fromEnvironment(environment: Readonly<Record<string, string | undefined>>): Layer {
  const layer = new Collector()
  const set = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '')
  for (const table of [byShortVariable, byVariable]) {
    for (const [variable, value] of set) {
      const key = table.get(variable)
      if (key) layer.take(key, `environment variable ${variable}`, value, 'parse')
    }
  }
  for (const [variable] of set) {
    if (!variable.startsWith('HEADWATER_') || isKnownVariable(variable)) continue
    const source = `environment variable ${variable}`
    const known = [...byVariable.keys(), ...byShortVariable.keys()]
    // Other programs may use the prefix too. A name of our own shape, or one typing error away from ours, is meant for us.
    if (variable.includes('__')) layer.unknown(variable, source, known)
    else if (known.some((name) => editDistance(variable, name, 3) < 3)) layer.unknown(variable, source, known)
    else layer.warnings.push(`${source} is no setting of this server`)
  }
  return layer
}

const isKnownVariable = (variable: string): boolean =>
  byVariable.has(variable) || byShortVariable.has(variable) || otherVariables.some((name) => name === variable)

export function fromFlags(flags: readonly (readonly [string, string])[]): Layer {
  const layer = new Collector()
  for (const [flag, value] of flags) {
    const key = byFlag.get(flag)
    if (key) layer.take(key, `flag --${flag}`, value, 'parse')
    else layer.unknown(flag, `flag --${flag}`, byFlag.keys())
  }
  return layer
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const show = (value: unknown): string => {
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
