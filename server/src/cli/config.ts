import { readCatalogues } from '../config/catalogues.ts'
import { masked } from '../config/field.ts'
import { place } from '../config/load.ts'
import { referencePage } from '../config/reference.ts'
import { keys, type Settings } from '../config/schema.ts'
import { checkDataFolder } from '../config/secrets.ts'
import { type Call, type Command, UsageError } from './command.ts'
import { settingsOf } from './configuration.ts'

export const config: Command = {
  name: 'config',
  summary: 'Checks the configuration, prints it, or prints the page that documents it.',
  arguments: 'check|print|doc',
  description:
    'check says whether the server would start with it; print shows every key that has a value, and where that came from,\nkeys and passwords masked unless --secrets is there; doc prints the reference page.',
  options: {
    json: { doc: 'With print: JSON, as a configuration file holds it.' },
    secrets: { doc: 'With print: keys, secrets, passwords and the addresses that hold some as they are.' },
  },
  async run(call) {
    const [action] = call.arguments
    if (action === 'check') return check(call)
    if (action === 'print') return print(call)
    if (action !== 'doc') throw new UsageError(`expected check, print or doc, not ${JSON.stringify(action)}`)
    call.io.out(referencePage().trimEnd())
    return 0
  },
}

async function check(call: Call): Promise<number> {
  const { settings, warnings } = settingsOf(call)
  // What a start reads beside the configuration itself.
  await readCatalogues(settings.activity.cataloguesDir)
  checkDataFolder(settings, call.io.cwd)
  for (const warning of warnings) call.io.err(`warning: ${warning}`)
  call.io.out('The configuration is fine.')
  return 0
}

function print(call: Call): number {
  const { settings, sourceOf } = settingsOf(call)
  const rows = keys.flatMap(({ name, path, field }) => {
    const value = valueAt(settings, path)
    if (value === undefined) return []
    const isMasked = field.secret && value !== '' && !call.options.secrets
    return [{ name, path, value: isMasked ? masked : value, source: sourceOf.get(name) ?? '' }]
  })
  call.io.out(call.options.json ? JSON.stringify(treeOf(rows), null, 2) : tableOf(rows))
  return 0
}

interface Row {
  readonly name: string
  readonly path: readonly string[]
  readonly value: unknown
  readonly source: string
}

function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(({ name, value, source }) => [name, JSON.stringify(value), source] as const)
  const width = (column: 0 | 1) => Math.min(48, Math.max(...cells.map((row) => row[column].length)))
  const [names, values] = [width(0), width(1)]
  return cells.map(([name, value, source]) => `${name.padEnd(names)}  ${value.padEnd(values)}  ${source}`).join('\n')
}

function treeOf(rows: readonly Row[]): Record<string, unknown> {
  const tree: Record<string, unknown> = {}
  for (const { path, value } of rows) place(tree, path, value)
  return tree
}

const valueAt = (settings: Settings, path: readonly string[]): unknown =>
  path.reduce<unknown>((node, name) => (node as Record<string, unknown>)[name], settings)
