// Java, and the jars of Kafka and Cassandra: fetched once by Maven, kept beside node_modules' other caches.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cache, ServicesError } from './set.ts'

const pom = fileURLToPath(new URL('jars/pom.xml', import.meta.url))
const copy = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'

export type JarService = 'kafka' | 'cassandra'

/** `java`, or that of JAVA_HOME. */
export function java(): string {
  const home = process.env.JAVA_HOME
  return home === undefined || home === '' ? 'java' : join(home, 'bin/java')
}

/** What has to be installed before these services can start. */
export function missingForJars(wanted: readonly JarService[]): string[] {
  if (wanted.length === 0) return []
  const { status, stderr } = spawnSync(java(), ['-version'], { encoding: 'utf8' })
  const version = status === 0 ? /version "(\d+)/.exec(stderr)?.[1] : undefined
  const missing: string[] = []
  if (version === undefined) missing.push('openjdk-17-jre-headless (or JAVA_HOME of a Java 17)')
  // Cassandra 5.0 starts on 11 and 17, Kafka 4 from 17 on.
  else if (version !== '17') missing.push(`openjdk-17-jre-headless and set JAVA_HOME to it (this Java is ${version})`)
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
