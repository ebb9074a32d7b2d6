import { randomBytes } from 'node:crypto'
import { chmodSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { checkFolder, makeFolder } from '../lib/make-folder.ts'
import { ConfigError } from './config-error.ts'
import type { Settings } from './schema.ts'

/** Settings with the keys and secrets that hold: those given, else development ones. */
export interface Config extends Settings {
  readonly access: {
    /** The current one first. */
    readonly apiKeys: readonly string[]
    readonly tokenSecrets: readonly string[]
  }
  /** The API key is a development key: demo logins may exist. */
  readonly isDevelopment: boolean
}

export interface DevelopmentSecrets {
  readonly apiKey: string
  readonly tokenSecret: string
}

/**
 * Completes settings. Where no API key or token secret is given, the development ones of the data directory are used,
 * and made when there are none. (That the address is loopback then, is checked with the settings.)
 */
export function withSecrets(settings: Settings, cwd = process.cwd()): Config {
  const { apiKey, previousApiKey, tokenSecret, previousTokenSecret } = settings.auth
  const dir = resolve(cwd, settings.data.dir)
  const development = apiKey === '' || tokenSecret === '' ? developmentSecrets(dir) : undefined
  const given = (...values: readonly (string | undefined)[]): string[] =>
    values.filter((value) => value !== undefined && value !== '') as string[]
  return {
    ...settings,
    data: { ...settings.data, dir },
    access: {
      apiKeys: given(apiKey || development?.apiKey, previousApiKey),
      tokenSecrets: given(tokenSecret || development?.tokenSecret, previousTokenSecret),
    },
    isDevelopment: apiKey === '',
  }
}

const fileName = 'development-secrets.json'
const ownerOnly = 0o600

/** Reads the development secrets of a data directory; makes them once, so that restarts keep tokens and scripts working. */
export function developmentSecrets(dir: string): DevelopmentSecrets {
  const found = readDevelopmentSecrets(dir)
  if (found) return found
  const made: DevelopmentSecrets = {
    apiKey: `dev_${randomBytes(24).toString('base64url')}`,
    tokenSecret: `dev_${randomBytes(32).toString('base64url')}`,
  }
  try {
    makeFolder(dir)
    return keepFirst(dir, made) ? made : (readDevelopmentSecrets(dir) as DevelopmentSecrets)
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw unwritable(dir, error)
  }
}

const unwritable = (dir: string, error: unknown): ConfigError =>
  new ConfigError([
    {
      key: 'data.dir',
      source: dir,
      message: `the directory cannot be written (${(error as NodeJS.ErrnoException).code})`,
    },
  ])

/** Throws what a start would on this data directory; makes nothing. */
export function checkDataFolder({ auth, data, engine }: Settings, cwd = process.cwd()): void {
  const dir = resolve(cwd, data.dir)
  const isDevelopment = auth.apiKey === '' || auth.tokenSecret === ''
  if (isDevelopment && readDevelopmentSecrets(dir)) return
  if (!isDevelopment && engine !== 'embedded') return
  try {
    checkFolder(dir)
  } catch (error) {
    throw unwritable(dir, error)
  }
}

/** Of two processes that start at once, one keeps its secrets and the other is told false: a link never replaces. */
function keepFirst(dir: string, made: DevelopmentSecrets): boolean {
  const temporary = join(dir, `${fileName}.${process.pid}.${randomBytes(4).toString('hex')}`)
  try {
    writeFileSync(temporary, `${JSON.stringify(made, null, 2)}\n`, { mode: ownerOnly, flush: true })
    chmodSync(temporary, ownerOnly)
    linkSync(temporary, join(dir, fileName))
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** Those that are there, without making any. */
export function readDevelopmentSecrets(dir: string): DevelopmentSecrets | undefined {
  const path = join(dir, fileName)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new ConfigError([{ key: 'data.dir', source: path, message: `the file cannot be read (${code})` }])
  }
  try {
    const { apiKey, tokenSecret } = JSON.parse(text) as Partial<DevelopmentSecrets>
    if (apiKey && tokenSecret) return { apiKey, tokenSecret }
  } catch {
    // Told below: a file that is no JSON is as wrong as one without the two.
  }
  throw new ConfigError([
    { key: 'data.dir', source: path, message: 'the file is damaged; remove it to get new secrets' },
  ])
}
