// Java, and the jars of Kafka and Cassandra: fetched once by Maven, kept beside node_modules' other caches.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cache, ServicesError } from './set.ts'

const pom = fileURLToPath(new URL('jars/pom.xml', import.meta.url))
const copy = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'

export type JarService = 'kafka' | 'cassandra'

// Cassandra 5.0 starts on 11 and 17, Kafka 4 from 17 on.
const wantedJava = '17'

/** The Java that both start on: of JAVA_HOME, on the path, or where Debian puts them side by side. */
export function java(): string {
  return candidates().find((path) => versionOf(path) === wantedJava) ?? 'java'
}

function candidates(): string[] {
  const home = process.env.JAVA_HOME
  const named = home === undefined || home === '' ? [] : [join(home, 'bin/java')]
  return [...named, 'java', ...globSync(`/usr/lib/jvm/*${wantedJava}*/bin/java`)]
}

function versionOf(path: string): string | undefined {
  const { status, stderr } = spawnSync(path, ['-version'], { encoding: 'utf8' })
  return status === 0 ? /version "(\d+)/.exec(stderr)?.[1] : undefined
}

/** What has to be installed before these services can start. */
export function missingForJars(wanted: readonly JarService[]): string[] {
  if (wanted.length === 0) return []
  const missing: string[] = []
  if (!candidates().some((path) => versionOf(path) === wantedJava)) {
    missing.push(`openjdk-${wantedJava}-jre-headless (or name a Java ${wantedJava} in JAVA_HOME)`)
  }
  const complete = wanted.every((service) => existsSync(jarsOf(service)))
  if (!complete && spawnSync('mvn', ['-v']).status !== 0) missing.push('maven')
  return missing
}

/** The folder for a service's jars. A new pom.xml is a new folder. */
function jarsOf(service: JarService): string {
  const key = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12)
  return join(cache, `${service}-jars-${key}`)
}

/** The folder with a service's jars; Maven fills it the first time. */
export function fetchJars(service: JarService, log: (line: string) => void): string {
  const folder = jarsOf(service)
  if (existsSync(folder)) return folder
  log(`${service}: fetching its jars by Maven (about 45 MB, once)`)
  mkdirSync(cache, { recursive: true })
  const half = mkdtempSync(join(cache, 'jars-'))
  try {
    const flags = [`-P${service}`, copy, `-DoutputDirectory=${half}`, '-DincludeScope=runtime']
    runMaven(['-f', pom, ...flags])
    rename(half, folder)
  } finally {
    rmSync(half, { recursive: true, force: true })
  }
  return folder
}

/** A network that fails once in a hundred files is met with another attempt, which fetches the rest. */
function runMaven(args: readonly string[], attempts = 3): void {
  const { status, stdout, stderr } = spawnSync('mvn', ['-q', '-B', ...args], { encoding: 'utf8' })
  if (status === 0) return
  if (attempts === 1) throw new ServicesError(`Maven failed:\n${stdout}${stderr}`)
  runMaven(args, attempts - 1)
}

/** Two starts may fetch at once: who comes second keeps what is there. */
function rename(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if (!existsSync(to)) throw error
  }
}

export function classPath(folder: string): string {
  const jars = readdirSync(folder).filter((name) => name.endsWith('.jar'))
  return jars
    .sort()
    .map((name) => join(folder, name))
    .join(':')
}
