import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { checkSettings, weakSecrets } from './checks.ts'
import { ConfigError, type Problem } from './config-error.ts'
import { keys, type Settings } from './schema.ts'
import { type Config, withSecrets } from './secrets.ts'
import { withServices } from './services-file.ts'
import { fromEnvironment, fromFile, fromFlags, type Given } from './sources.ts'

export interface Sources {
  /** Path of the JSON file; left out: `headwater.json` in `cwd`, if there is one. */
  readonly file?: string | undefined
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** `[key or short name, text]` in the order of the command line. */
  readonly flags?: readonly (readonly [string, string])[]
  readonly cwd?: string
}

/** Settings, and where each came from. */
export interface LoadedSettings {
  readonly settings: Settings
  readonly sourceOf: ReadonlyMap<string, string>
  readonly warnings: readonly string[]
}

/** The settings and the keys and secrets that go with them, which are made when none is given. */
export function loadConfig(sources: Sources): Config {
  return withSecrets(loadSettings(sources).settings, sources.cwd)
}

/** Defaults < file < environment < flags. Throws one `ConfigError` with everything that is wrong. */
export function loadSettings(sources: Sources): LoadedSettings {
  const environment = sources.environment ?? {}
  const cwd = sources.cwd ?? process.cwd()
  const file = readFile(sources.file ?? (environment.HEADWATER_CONFIG || undefined), cwd)
  const layers = [fromFile(file.content, file.name), fromEnvironment(environment), fromFlags(sources.flags ?? [])]

  const values = new Map<string, Given>()
  for (const layer of layers) for (const [name, given] of layer.given) values.set(name, given)
  const { settings, problems: missing } = withServices(assemble(values), cwd)
  const sourceOf = new Map(keys.map(({ name }) => [name, values.get(name)?.source ?? 'default']))
  const problems = [...file.problems, ...layers.flatMap((layer) => layer.problems), ...missing]
  if (problems.length === 0) problems.push(...checkSettings(settings, sourceOf))
  if (problems.length > 0) throw new ConfigError(problems)
  const warnings = [...layers.flatMap((layer) => layer.warnings), ...weakSecrets(settings)]
  return { settings, sourceOf, warnings }
}

/** The defaults with some values changed, by key: for tests and for programs that embed the server. */
export function settingsWith(values: Readonly<Record<string, unknown>> = {}): Settings {
  const tree: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(values)) place(tree, name.split('.'), value)
  const layer = fromFile(tree, 'options')
  const settings = assemble(layer.given)
  const problems = [...layer.problems, ...(layer.problems.length > 0 ? [] : checkSettings(settings, new Map()))]
  if (problems.length > 0) throw new ConfigError(problems)
  return settings
}

function assemble(values: ReadonlyMap<string, Given>): Settings {
  const tree: Record<string, unknown> = {}
  for (const { name, path, field } of keys) place(tree, path, values.get(name)?.value ?? field.default)
  return tree as unknown as Settings
}

/** Puts a value into nested objects, which are made. */
export function place(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let node = tree
  for (const name of path.slice(0, -1)) {
    const next = (node[name] ?? {}) as Record<string, unknown>
    node[name] = next
    node = next
  }
  if (value !== undefined) node[path.at(-1) as string] = value
}

interface ConfigFile {
  readonly name: string
  readonly content: unknown
  readonly problems: readonly Problem[]
}

function readFile(named: string | undefined, cwd: string): ConfigFile {
  const name = named ?? 'headwater.json'
  const fail = (message: string): ConfigFile => ({
    name,
    content: {},
    problems: [{ key: null, source: name, message }],
  })
  let content: string
  try {
    content = readFileSync(resolve(cwd, name), 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' && !named) return { name, content: {}, problems: [] }
    return fail(code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${code})`)
  }
  const json = content.replace(/^\uFEFF/, '')
  try {
    return { name, content: JSON.parse(json), problems: [] }
  } catch (error) {
    return fail(`the file is not valid JSON: ${placeOf((error as Error).message, json)}`)
  }
}

/** What V8 quotes on either side of an unexpected character. */
const quotedAround = 10

/** A parser's message with a line in place of the piece of the file that it quotes, in which there may be a secret. */
function placeOf(message: string, json: string): string {
  const [quote, cut, piece] = /,? ?(\.{3})?"(.*)"(?:\.{3})? is not valid JSON$/s.exec(message) ?? []
  if (quote === undefined || piece === undefined) return message
  const at = cut ? json.indexOf(piece) + quotedAround : Math.max(0, piece.length - quotedAround)
  return `${message.slice(0, -quote.length)} in line ${json.slice(0, at).split('\n').length}`
}
