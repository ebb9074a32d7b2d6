// Java, and the jars of Kafka and Cassandra: fetched once by Maven, kept beside node_modules' other caches.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cache, ServicesError } from './set.ts'

const pom = fileURLToPath(new URL('jars/pom.xml', import.meta.url))
const copy = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'

/** The java to use, or an error that says what to install. */
export function findJava(): string {
  const home = process.env.JAVA_HOME
  const java = home === undefined || home === '' ? 'java' : join(home, 'bin/java')
  const { status, stderr } = spawnSync(java, ['-version'], { encoding: 'utf8' })
  const version = /version "(\d+)/.exec(stderr ?? '')?.[1]
  if (status !== 0 || version === undefined) {
    throw new ServicesError('Kafka and Cassandra need Java 17: install openjdk-17-jre-headless (or set JAVA_HOME).')
  }
  // Cassandra 5.0 starts on 11 and 17, Kafka 4 from 17 on.
  if (version !== '17') {
    throw new ServicesError(
      `Cassandra 5 and Kafka 4 share Java 17 only, and this is ${version}: set JAVA_HOME to a 17.`,
    )
  }
  return java
}

/** The folder with a service's jars. A new pom.xml is a new folder. */
export function fetchJars(service: 'kafka' | 'cassandra', log: (line: string) => void): string {
  const key = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12)
  const folder = join(cache, `${service}-jars-${key}`)
  if (existsSync(folder)) return folder

  if (spawnSync('mvn', ['-v']).status !== 0) {
    throw new ServicesError(`The jars of ${service} come by Maven: install maven.`)
  }
  log(`${service}: fetching its jars by Maven (about 45 MB, once)`)
  mkdirSync(cache, { recursive: true })
  const half = mkdtempSync(join(cache, 'jars-'))
  try {
    const flags = [`-P${service}`, copy, `-DoutputDirectory=${half}`, '-DincludeScope=runtime']
    const result = spawnSync('mvn', ['-q', '-B', '-f', pom, ...flags], { encoding: 'utf8' })
    if (result.status !== 0) throw new ServicesError(`Maven failed:\n${result.stdout}${result.stderr}`)
    rename(half, folder)
  } finally {
    rmSync(half, { recursive: true, force: true })
  }
  return folder
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
