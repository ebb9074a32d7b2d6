import { readCatalogues } from '../config/catalogues.ts'
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
    'check says whether the server would start with it; print shows every key with its value and where that came from;\ndoc prints the reference page.',
  options: {
    json: { doc: 'With print: JSON, as a configuration file holds it.' },
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
  if (call.options.json) {
    call.io.out(JSON.stringify(withoutSecrets(settings), null, 2))
    return 0
  }
  const rows = keys.flatMap(({ name, path, field }) => {
    const value = valueAt(settings, path)
    if (value === undefined) return []
    return [[name, field.secret && value !== '' ? masked : JSON.stringify(value), sourceOf.get(name) ?? ''] as const]
  })
  const widths = [0, 1].map((column) => Math.min(48, Math.max(...rows.map((row) => (row[column] as string).length))))
  for (const [name, value, source] of rows) {
    call.io.out(`${name.padEnd(widths[0] as number)}  ${value.padEnd(widths[1] as number)}  ${source}`)
  }
  return 0
}

const masked = '"[masked]"'

/** The settings without the secrets: what is left can be pasted into an issue. */
function withoutSecrets(settings: Settings): unknown {
  const { auth: _, ...rest } = settings
  return rest
}

const valueAt = (settings: Settings, path: readonly string[]): unknown =>
  path.reduce<unknown>((node, name) => (node as Record<string, unknown>)[name], settings)
