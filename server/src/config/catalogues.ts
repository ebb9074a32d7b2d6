import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Catalogue, checkCatalogue } from '../model/summary.ts'
import { ConfigError } from './config-error.ts'

/** The summary catalogues of a folder, by language tag: `nl.json` is `nl`. None when the folder's name is empty. */
export async function readCatalogues(folder: string): Promise<Readonly<Record<string, Partial<Catalogue>>>> {
  if (folder === '') return {}
  const catalogues: Record<string, Partial<Catalogue>> = {}
  for (const file of await list(folder)) {
    const path = join(folder, file)
    const content = parse(await readFile(path, 'utf8'), path)
    const problem = checkCatalogue(content)
    if (problem !== undefined) throw refusal(path, problem)
    catalogues[basename(file, '.json').toLowerCase()] = content as Partial<Catalogue>
  }
  return catalogues
}

async function list(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((file) => /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\.json$/.test(file))
  } catch (error) {
    throw refusal(folder, `the folder cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw refusal(path, 'this is not JSON')
  }
}

const refusal = (source: string, message: string): ConfigError =>
  new ConfigError([{ key: 'activity.cataloguesDir', source, message }])
