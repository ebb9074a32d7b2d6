import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkCatalogues } from '../model/catalogue-check.ts'
import type { Catalogue } from '../model/summary.ts'
import { builtInCatalogues } from '../model/summary-catalogues.ts'
import { ConfigError, type Problem } from './config-error.ts'

/**
 * The summary catalogues of a folder, by language tag: `nl.json` is `nl`. None when the folder's name is empty. Throws
 * everything that is wrong with all of them at once.
 */
export async function readCatalogues(folder: string): Promise<Readonly<Record<string, Partial<Catalogue>>>> {
  if (folder === '') return {}
  const problems: Problem[] = []
  const written = new Map<string, { readonly path: string; readonly content: unknown }>()
  for (const file of await list(folder)) {
    const path = join(folder, file)
    const tag = file.slice(0, -'.json'.length).toLowerCase()
    const other = written.get(tag)
    try {
      if (!isLanguageTag(tag)) throw new Error(noTag(file))
      if (other) throw new Error(`this is the same language as ${other.path}`)
      written.set(tag, { path, content: await parse(path) })
    } catch (error) {
      problems.push(problem(path, (error as Error).message))
    }
  }
  const all = [...written].map(([tag, { content }]) => ({ tag, content }))
  for (const found of checkCatalogues(builtInCatalogues, all))
    problems.push(problem(written.get(found.tag)?.path ?? folder, found.problem))
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.fromEntries(all.map(({ tag, content }) => [tag, content as Partial<Catalogue>]))
}

/** Notes and the hidden files of mounted volumes may lie beside the catalogues. */
async function list(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((file) => /^[^.].*\.json$/i.test(file)).sort()
  } catch (error) {
    throw new ConfigError([problem(folder, `the folder cannot be read (${(error as NodeJS.ErrnoException).code})`)])
  }
}

function isLanguageTag(tag: string): boolean {
  if (!/^[a-z]{2,3}(-[a-z0-9]{1,8})*$/.test(tag)) return false
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}

function noTag(file: string): string {
  const meant = file.replaceAll('_', '-')
  const tag = meant.slice(0, -'.json'.length).toLowerCase()
  const guess = meant !== file && isLanguageTag(tag) ? `; did you mean ${meant}?` : ''
  return `the name of a catalogue is a language tag, such as nl.json or pt-BR.json${guess}`
}

async function parse(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8')
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`this is not JSON (${(error as Error).message})`)
  }
}

const problem = (source: string, message: string): Problem => ({ key: 'activity.cataloguesDir', source, message })
