import { type LoadedSettings, loadSettings, type Sources } from '../config/load.ts'
import { type Config, withSecrets } from '../config/secrets.ts'
import { createLog, type Log } from '../lib/log.ts'
import type { Call } from './command.ts'
import { dataFolderOf } from './data-folder.ts'

const sourcesOf = ({ io, options, settings }: Call): Sources => ({
  file: options.config as string | undefined,
  environment: io.environment,
  flags: settings,
  cwd: io.cwd,
})

/** The settings that a call's file, environment and flags add up to. */
export const settingsOf = (call: Call): LoadedSettings => loadSettings(sourcesOf(call))

/** The same with keys and secrets, which are made when there are none, and the log that goes with them. */
export function configurationOf(call: Call): { readonly config: Config; readonly log: Log } {
  const { settings, warnings } = settingsOf(call)
  const config = withSecrets(settings, call.io.cwd)
  return { config, log: logOf(call, config, warnings) }
}

/** For tools on the data of a server: they need no keys and secrets, and make none, and want the data to be there. */
export async function dataConfigurationOf(call: Call): Promise<{ readonly config: Config; readonly log: Log }> {
  const { settings, warnings } = settingsOf(call)
  const dir = await dataFolderOf(call, settings)
  const access = { apiKeys: [], tokenSecrets: [] }
  const config = { ...settings, data: { ...settings.data, dir }, access, isDevelopment: false }
  return { config, log: logOf(call, config, warnings) }
}

function logOf(call: Call, config: Config, warnings: readonly string[]): Log {
  const { access, auth, log } = config
  const secrets = [...access.apiKeys, ...access.tokenSecrets, ...Object.values(auth), ...secretsOfServices(config)]
  const created = createLog({ level: log.level, readable: call.io.isTerminal, secrets })
  for (const warning of warnings) created.warn(warning)
  return created
}

function secretsOfServices({ kafka, cassandra, redis, postgres }: Config): string[] {
  const urls = [redis.url, postgres.url].filter((url) => url !== '')
  const inUrls = urls.flatMap((url) => (URL.canParse(url) ? [...passwordsIn(new URL(url)), url] : [url]))
  return [kafka.password, cassandra.password, ...inUrls]
}

/** As it is written and as it is meant. */
function passwordsIn({ password }: URL): readonly string[] {
  try {
    return [password, decodeURIComponent(password)]
  } catch {
    return [password]
  }
}
